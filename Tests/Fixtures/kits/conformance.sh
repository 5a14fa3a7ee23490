#!/usr/bin/env bash
# The classes of Tests/Fixtures/handler-protocol/README.md, with the shell kit.
source "$(dirname "${BASH_SOURCE[0]}")/../../../Sources/Kits/shell/martlet.sh"

outer() { innermost "$1"; }

innermost() { martlet_fail ConformanceError "$1"; }

Noop() { :; }

Echo() { martlet_push Echoed "$@"; }

Conformance::Nested() { Echo "$@"; }

Fail() { outer "$1"; }

Dead() { martlet_dead Dead "$1"; }

Discard() { martlet_discard; }

Snooze() { martlet_snooze "$1"; }

Retry() { martlet_retry "$1" ConformanceError "$2"; }

Push() {
  local i
  martlet_push --queue low Child 0
  for ((i = 1; i < $1; i++)); do martlet_push Child "$i"; done
}

PushLarge() {
  local i text
  printf -v text '%*s' "$2" ''
  text=${text// /x}
  for ((i = 0; i < $1; i++)); do martlet_push Child "$i" "$text"; done
}

PushThenFail() {
  martlet_push Child 0
  outer "$1"
}

Chunk() {
  local i=${MARTLET_CHECKPOINT-0}
  for ((i = ${i//[!0-9]/}; i < $1; i += 2)); do
    martlet_add Row "$i"
    martlet_add Row $((i + 1))
    martlet_checkpoint "{\"next\":$((i + 2))}"
  done
}

Progress() {
  martlet_progress 40 "page 4 of 10"
  martlet_progress 100
}

Context() {
  local remaining in_time=false
  remaining=$(martlet_remaining)
  [[ $remaining > 0.000 && ${remaining%.*} -lt 60 ]] && in_time=true
  martlet_push Seen "{\"jid\":\"$MARTLET_JID\",\"class\":\"$MARTLET_CLASS\",\"queue\":\"$MARTLET_QUEUE\",
    \"attempt\":$MARTLET_ATTEMPT,\"checkpoint\":${MARTLET_CHECKPOINT-null},\"in_time\":$in_time,
    \"extra\":$(martlet_member extra || echo null),\"cancelled\":false}"
}

Length() { martlet_push Measured ${#1}; }

Log() {
  echo "$1"
  echo "$1" >&2
  martlet_log info "info $1"
  martlet_log warning "warning $1"
}

Print() {
  echo '{"done":1}'
  echo '{"failed":1,"class":"X","message":"y"}'
}

Together() {
  local limit=$((SECONDS + 20)) files
  : >"$2/$MARTLET_JID"
  while files=("$2"/*) && ((${#files[@]} < $1)); do
    ((SECONDS < limit)) || martlet_fail ConformanceError "there are only ${#files[@]}"
    sleep 0.05
  done
}

Wait() {
  local limit=$((SECONDS + 60))
  martlet_progress '' waiting
  until [[ -e $1/go ]]; do
    sleep 0.05
    ((SECONDS < limit)) || martlet_fail ConformanceError "nobody said go"
  done
}

Finish() {
  trap 'exit 0' TERM
  Wait "$1"
}

Exit() { exit "$1"; }

Untidy() {
  trap 'echo tidied >&2' EXIT
  printf 'working... ' >&2
  martlet_push Child 1
  printf 'at the end' >&2
}

Crash() {
  kill -KILL $$
  sleep 60
}

martlet_run
