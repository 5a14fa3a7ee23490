#!/bin/sh
# H3: ends before it has read anything.
[ -z "${MARTLET_IN-}" ] || echo '{"ready":true}' >&4
exit 0
