#!/bin/sh
# H12: writes what is no answer.
. "${0%/*}/take.sh"
echo 'hello there' >&4
