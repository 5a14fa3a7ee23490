#!/bin/sh
# A spawn handler: one process for each job. The payload comes on standard input; exit status 0 means done,
# and what is written to standard error becomes the error message of a failed job.
read -r payload
name=$(printf '%s' "$payload" | sed -n 's/.*"args":\["\([^"]*\)".*/\1/p')

if [ "$name" = "nobody" ] && [ "$MARTLET_ATTEMPT" -lt 2 ]; then
    echo "there is nobody to greet, try again later" >&2
    exit 75
fi
echo "Hello, ${name:-stranger} (attempt $MARTLET_ATTEMPT)"
