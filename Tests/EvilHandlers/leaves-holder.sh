#!/bin/sh
# H6: leaves a process in a session of its own that holds all pipes, and does not end itself.
. "${0%/*}/take.sh"
setsid sh -c 'setsid sleep 3600 & exit 0' &
sleep 3600
