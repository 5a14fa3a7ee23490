#!/bin/sh
# H12: ends with 0 and without an answer.
. "${0%/*}/take.sh"
exit 0
