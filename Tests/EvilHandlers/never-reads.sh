#!/bin/sh
# H2: never reads its input, and goes on.
[ -z "${MARTLET_IN-}" ] || echo '{"ready":true}' >&4
exec sleep 3600
