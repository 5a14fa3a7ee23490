#!/bin/sh
# H5: does its job and ends; a child of it goes on writing to its output.
. "${0%/*}/take.sh"
(while echo "still here" && echo "and here" >&2; do sleep 0.01; done) &
succeed
