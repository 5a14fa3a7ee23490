#!/bin/sh
# H9: ends at once, leaves a process in a session of its own, or outlives its time limit, as its class says.
. "${0%/*}/take.sh"
case "${MARTLET_CLASS-$1}" in
*Leaves*) (setsid sleep 3600 &) ;;
*Stays*) exec sleep 3600 ;;
esac
succeed
