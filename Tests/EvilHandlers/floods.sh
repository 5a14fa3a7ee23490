#!/bin/sh
# H4: prints without end. argv: what
. "${0%/*}/take.sh"
case "$1" in
lines) exec yes 'a line of a flood that does not end' ;;
errors) exec yes 'an error of a flood that does not end' >&2 ;;
one-line) exec tr '\0' x < /dev/zero ;;
binary) exec cat /dev/urandom ;;
esac
