#!/usr/bin/env bash
# Greets people: jobs of the class GreetingJob with a name, such as {"class":"GreetingJob","args":["Ada"]}.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/martlet.sh"

LetterJob() { echo "a letter for $1"; }

GreetingJob() {
  [[ -n $1 ]] || martlet_dead NobodyToGreet "there is nobody to greet"
  echo "Hello, $1! This is attempt $MARTLET_ATTEMPT."
  martlet_push --queue low --retry 3 LetterJob "$1" # pushed when this job is done, and only then
}

martlet_run
