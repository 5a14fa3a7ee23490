#!/bin/sh
# H4: prints one line of 100 MB, then does its job.
. "${0%/*}/take.sh"
head -c 100000000 /dev/zero | tr '\0' x
echo
succeed
