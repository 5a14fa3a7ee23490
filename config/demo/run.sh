#!/bin/sh
# Shows Martlet at work: starts it on a private Redis, pushes a few dozen jobs, waits until they are done, and ends with
# a table of what was done. Ctrl-C stops it at any moment, cleanly.
set -eu

martlet=${1:?usage: run.sh /path/to/martlet}
configuration=$(dirname "$0")/../demo.yml
daemon=

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

stop() {
    trap - INT TERM EXIT
    if [ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null; then
        kill -TERM "$daemon"
        wait "$daemon" || true
    fi
}
interrupted() { say "stopping"; stop; exit 130; }
trap interrupted INT TERM
trap stop EXIT

# Jobs that are somewhere, in a queue, running, scheduled or waiting for a retry: the sum of the numbers that matter.
unfinished() {
    "$martlet" status -C "$configuration" --json 2>/dev/null |
        python3 -c '
import json, sys
try:
    s = json.load(sys.stdin)
    workers = len(s["processes"])
    open_jobs = sum(q["size"] for q in s["queues"]) + s["retry"] + s["scheduled"] + sum(p["busy"] for p in s["processes"])
    print("starting" if workers == 0 else open_jobs)
except Exception:
    print("starting")'
}

say "starting: two workers of four threads, three handlers (shell, Python, C), a private Redis"
"$martlet" run -C "$configuration" &
daemon=$!
while [ "$(unfinished)" = starting ]; do
    kill -0 "$daemon" || exit 1
    sleep 0.2
done

say "pushing 40 jobs: greetings, sums, reports; one in three seconds, some that fail"
{
    for name in Ada Grace Edsger Barbara Niklaus Margaret Dennis Radia nobody Ken; do
        printf '{"class":"GreetingJob","args":["%s"]}\n' "$name"
    done
    for last in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        printf '{"class":"SumJob","args":[%s,2.5,%s],"queue":"critical"}\n' "$last" "$((last * last))"
    done
    for pages in 1 2 3 4 5 6 7 8 9 1 2 3; do
        printf '{"class":"ReportJob","args":[%s]}\n' "$pages"
    done
} | "$martlet" push -C "$configuration" --from - >/dev/null
"$martlet" push -C "$configuration" GreetingJob '"the future"' --in 3s
"$martlet" push -C "$configuration" ReportSummaryJob 2
"$martlet" push -C "$configuration" UnknownJob --retry 0

say "working; the greeting of nobody fails once and is tried again after 15 to 25 seconds (Ctrl-C stops)"
while [ "$(unfinished)" != 0 ]; do
    kill -0 "$daemon" || exit 1
    sleep 0.5
done
# Workers tell Redis every 5 s what each class came to; the last run is in the table then.
sleep 5

say "what was done"
"$martlet" status -C "$configuration"
say "stopping"
