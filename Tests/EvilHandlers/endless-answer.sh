#!/bin/sh
# H12: writes an answer that never comes to its end.
. "${0%/*}/take.sh"
exec tr '\0' x < /dev/zero >&4
