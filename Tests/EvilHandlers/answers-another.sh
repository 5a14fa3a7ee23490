#!/bin/sh
# H12: answers for a run that nobody gave it.
. "${0%/*}/take.sh"
echo '{"done":123456789}' >&4
[ -z "${MARTLET_IN-}" ] || exec sleep 3600
