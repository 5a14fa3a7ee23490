#!/bin/sh
# H12: gives two answers for one job.
. "${0%/*}/take.sh"
printf '{"done":%s}\n{"done":%s}\n' "${run-1}" "${run-1}" >&4
exec sleep 3600
