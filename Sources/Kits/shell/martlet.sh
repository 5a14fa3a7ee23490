# shellcheck shell=bash
# Martlet's kit for handlers in the shell: bash 4.4 or newer, and no other program. Copy it beside your jobs.
#
#   source "$(dirname "${BASH_SOURCE[0]}")/martlet.sh"
#
#   ReportJob() {                      # a function for each class; Reports::Daily is a name, too
#     local user=$1 format=$2          # the job's arguments: texts and numbers as they are, lists and objects as JSON
#     martlet_progress 50 "half of it"
#     make-report "$user" || return    # any status but 0 fails the job; the last lines of stderr are the message
#     martlet_push MailJob "$user"     # a child: pushed together with the end of this run, or not at all
#   }
#
#   martlet_run
#
# `bash martlet.sh FILE...` reads such files and runs them, too. A class is a function whose name begins with a capital
# letter, or that was named with `martlet_job NAME...`. The same file works in the modes spawn and serve, with any number
# of threads: each run is a subshell, so what it sets or changes is its own.
#
# How a run ends:  return 0: done · return 65: dead · another status: failed, and tried again by the job's own rules
#   martlet_fail CLASS MESSAGE        failed, with words of your own       martlet_discard         drop the job
#   martlet_dead CLASS MESSAGE        failed, and no retry would help      martlet_snooze SECONDS  run it again later
#   martlet_retry SECONDS CLASS MESSAGE   failed, and tried again then rather than by the job's rules
# What it may say: martlet_push [--queue Q] [--in SECONDS] [--at TIME] [--retry N] CLASS ARG...  (an ARG that is JSON is
#   that, any other is a text; `martlet_quote TEXT` makes it one for sure), martlet_progress [PERCENT [NOTE]],
#   martlet_log LEVEL TEXT, and for a long run martlet_add CLASS ARG... and then martlet_checkpoint JSON: the jobs added
#   are pushed at once, in one step with the checkpoint that the next run gets if this one is interrupted.
# What it knows: MARTLET_JID, _CLASS, _QUEUE, _ATTEMPT, _DEADLINE, _CHECKPOINT; martlet_args (JSON), martlet_member NAME
#   (of the payload, as JSON), martlet_remaining (seconds).
# A run that is cancelled, or whose time is up, gets SIGTERM with all it has started: `trap 'tidy; exit 1' TERM`.
# Outside of runs: martlet_client_push, martlet_client_bulk, martlet_client_schedule, by the command martlet push.

[[ -z ${martlet__jobs+set} ]] || return 0
martlet__jobs=' '
martlet__utf8=$'^([\x01-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}'
martlet__utf8+=$'|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})*$'
martlet__file=${BASH_SOURCE[0]}
martlet__decimal='^(0|[1-9][0-9]*)(\.[0-9]+)?$' # as JSON has them

martlet_job() { martlet__jobs+="$* "; }

### What a job can say

martlet_progress() {
  local line="{\"progress\":$martlet__number"
  if [[ -n ${1-} ]]; then
    [[ $1 =~ $martlet__decimal && ${#1} -le 16 ]] || martlet_fail ArgumentError "martlet_progress: not a number: $1"
    line+=",\"percent\":$1"
  fi
  [[ -z ${2-} ]] || line+=",\"note\":$(martlet_quote "${2:0:1000}")"
  martlet__say "$line}"
}

martlet_push() {
  martlet__as_kit martlet__draft "$@" || martlet_fail ArgumentError "martlet_push: $martlet__text"
  martlet__say "{\"push\":$martlet__number,\"jobs\":[$martlet__text]}"
}

martlet_add() {
  martlet__as_kit martlet__draft "$@" || martlet_fail ArgumentError "martlet_add: $martlet__text"
  martlet__say "add $martlet__text"
}

martlet_checkpoint() {
  martlet__as_kit martlet__valid "${1-}" || martlet_fail ArgumentError "martlet_checkpoint: not JSON: ${1-}"
  martlet__say "checkpoint ${1//$'\n'/ }"
}

martlet_snooze() {
  [[ ${1-} =~ $martlet__decimal && ${#1} -le 16 && ${1%.*} -le 1000000000 ]] ||
    martlet_fail ArgumentError "martlet_snooze: not a number of seconds from 0 to 1000000000: ${1-}"
  martlet__end_with 0 "{\"snooze\":$martlet__number,\"seconds\":$1}"
}

martlet_discard() { martlet__end_with 0 "{\"discard\":$martlet__number}"; }

martlet_fail() { martlet__failure failed 1 "$@"; }

martlet_retry() {
  [[ ${1-} =~ $martlet__decimal && ${#1} -le 16 && ${1%.*} -le 1000000000 && $1 =~ [1-9] ]] ||
    martlet_fail ArgumentError "martlet_retry: not a number of seconds above 0 to 1000000000: ${1-}"
  martlet__retry_in=",\"retry_in\":$1" martlet__failure failed 1 "${@:2}"
}

martlet_dead() { martlet__failure dead 65 "$@"; }

martlet_log() {
  local level=6 jid='' line children=()
  case ${1-} in
    debug) level=7 ;;
    notice) level=5 ;;
    warn*) level=4 ;;
    err*) level=3 ;;
    crit* | fatal) level=2 ;;
  esac
  # Martlet cannot know whose line it is while this process has several runs.
  read -r -a children 2>/dev/null <"/proc/$$/task/$$/children" || true
  ((${#children[@]} < 2)) || jid="jid=${MARTLET_JID-} "
  while IFS= read -r line; do
    printf '<%d>%s%s\n' "$level" "$jid" "$line"
  done <<<"${2-}"
}

martlet_args() { printf '%s\n' "$martlet__args"; }

# martlet_member NAME: a member of the payload as JSON; status 1 if it is not there.
martlet_member() {
  martlet__as_kit martlet__find "$martlet__payload" "$1" && printf '%s\n' "$martlet__text"
}

martlet_remaining() {
  [[ -n ${MARTLET_DEADLINE-} ]] || return 1
  local now=${EPOCHREALTIME-} left
  [[ -n $now ]] && now=${now/[.,]/} || printf -v now '%(%s)T000000' -1
  left=$((MARTLET_DEADLINE - now / 1000))
  ((left > 0)) || left=0
  printf '%d.%03d\n' $((left / 1000)) $((left % 1000))
}

# martlet_quote TEXT: as JSON.
martlet_quote() {
  martlet__as_kit martlet__quote "$1"
  printf '%s\n' "$martlet__text"
}

### The client: by the command martlet (or $MARTLET_BIN), which looks at MARTLET_REDIS, and else into its configuration

martlet_client_push() { "${MARTLET_BIN:-martlet}" push "$@"; }

# martlet_client_schedule SECONDS|TIME CLASS ARG...
martlet_client_schedule() {
  local option=--in
  [[ $1 == *-* || ${1%%[!0-9]*} -ge 1000000000 ]] && option=--at
  martlet_client_push "${@:2}" "$option" "$1"
}

# martlet_client_bulk CLASS [MEMBERS]: a job for each line of standard input, a JSON list of arguments. MEMBERS: such as
# '"queue":"low","retry":3'.
martlet_client_bulk() {
  local class list
  class=$(martlet_quote "$1")
  while IFS= read -r list; do
    printf '{"class":%s,"args":%s%s}\n' "$class" "$list" "${2:+,$2}"
  done | martlet_client_push --from -
}

### How the parts of a run talk

# In a job: what goes to Martlet takes the way of stderr, whose reader alone writes to descriptor 4. A write of up to
# PIPE_BUF bytes goes into a pipe as a whole, so what is long goes in parts, and what others print stands before or after
# a part, be it without a line feed. The token tells parts from all else; no other process knows it.
martlet__say() {
  local LC_ALL=C text=$1
  ((${#text} < 1048000)) || martlet_fail ArgumentError "${#text} bytes for Martlet, which takes 1 MiB"
  while ((${#text} > 4000)); do
    printf '%s+%d %s\n' "$martlet__token" "$BASHPID" "${text:0:4000}" >&"$martlet__wire"
    text=${text:4000}
  done
  printf '%s.%d %s\n' "$martlet__token" "$BASHPID" "$text" >&"$martlet__wire"
}

martlet__end_with() {
  martlet__say "$2"
  exit "$1"
}

# martlet__failure failed|dead STATUS CLASS MESSAGE
martlet__failure() {
  local i lines='' class message
  class=$(martlet_quote "${3:-Failure}")
  message=$(martlet_quote "${4:0:10000}")
  for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
    [[ ${BASH_SOURCE[i]} != "$martlet__file" ]] || continue
    lines+=${lines:+,}$(martlet_quote "${BASH_SOURCE[i]}:${BASH_LINENO[i - 1]} in ${FUNCNAME[i]}")
  done
  martlet__end_with "$2" "{\"$1\":$martlet__number,\"class\":$class,\"message\":$message,\"backtrace\":[$lines]${martlet__retry_in-}}"
}

# Calls a function of this file under its own options, whatever the job has set.
martlet__as_kit() {
  local martlet__had=$- IFS=$' \t\n' LC_ALL=C martlet__status=0
  set +eu -f
  "$@" || martlet__status=$?
  [[ $martlet__had == *f* ]] || set +f
  [[ $martlet__had != *u* ]] || set -u
  [[ $martlet__had != *e* ]] || set -e
  return "$martlet__status"
}

### JSON. Its pieces are found by splitting words, which takes bash a time in proportion to the text. All of this runs
### under martlet__as_kit; what a function finds it leaves in martlet__text or martlet__found.

# martlet__split JSON [NAME]: the elements of a list, or the names and values of an object in turn, as JSON. The elements
# of the member NAME of the object, if it is a list, go to martlet__elements in the same pass. Status 1 if it is neither,
# or not JSON as far as this had to look.
martlet__split() {
  local -a pieces opened above buffer=()
  local piece part mark head='' outside='' kind='' last='' backslashes is_inside='' is_over=''
  local -i depth=0 base=1
  martlet__found=()
  martlet__elements=()
  IFS='"'
  # shellcheck disable=SC2206 # it is to be split
  pieces=($1)
  for piece in "${pieces[@]}"; do
    if [[ -n $is_inside ]]; then
      buffer+=("$piece")
      is_inside=''
      # A quote after an odd number of backslashes belongs to the text.
      if [[ $piece == *\\ ]]; then
        backslashes=${piece##*[!\\]}
        ((${#backslashes} % 2 == 0)) || is_inside=1
      fi
      continue
    fi
    is_inside=1
    # Two frequent cases first: something deep inside of an element, and a list of texts.
    if ((depth > base)) && [[ $piece != *[][\{\}]* ]]; then
      buffer+=("$piece")
      continue
    elif [[ $piece == , && $kind == '[' && ${#buffer[@]} == 2 && -z ${buffer[0]} ]] && ((depth == base)); then
      martlet__found+=("\"${buffer[1]}\"")
      buffer=('')
      last=,
      continue
    fi
    outside=''
    while [[ -n $piece ]]; do
      part=${piece:0:4096}
      piece=${piece:4096}
      if ((depth > base)) && [[ $part != *[]\}]* ]]; then
        # Nothing ends here, so nothing but the depth is of interest.
        outside+=$part
        if [[ $part == *[\[\{]* ]]; then
          IFS='[{'
          # shellcheck disable=SC2206
          opened=($part.)
          depth+=$((${#opened[@]} - 1))
          IFS='"'
        fi
        continue
      fi
      while [[ -n $part ]]; do
        head=${part%%[][\{\},:]*}
        mark=${part:${#head}:1}
        part=${part:${#head}+1}
        outside+=$head
        [[ -z $is_over || -z ${outside//[ $'\t\r\n']/}$mark ]] || return 1
        case $mark in
          '') ;;
          '[' | '{')
            depth+=1
            if ((depth == 1)); then
              kind=$mark
              [[ -z ${outside//[ $'\t\r\n']/} ]] || return 1
              outside=''
            elif [[ $mark == '[' && -n ${2-} && $depth$base$last == 21: && ${martlet__found[*]: -1} == "\"$2\"" ]]; then
              above=("${martlet__found[@]}")
              martlet__found=()
              kind='['
              last=''
              base=2
            else
              outside+=$mark
            fi
            ;;
          ']' | '}')
            depth+=-1
            if ((depth >= base)); then
              outside+=$mark
              continue
            fi
            [[ $kind$mark == '[]' || $kind$mark == '{}' ]] || return 1
            martlet__end_element || [[ -z $last ]] || return 1
            [[ $kind == '[' || $((${#martlet__found[@]} % 2)) == 0 ]] || return 1
            if ((base == 2)); then
              martlet__elements=("${martlet__found[@]}")
              martlet__found=("${above[@]}")
              IFS=,
              outside="[${martlet__elements[*]}]"
              IFS='"'
              kind='{'
              last=:
              base=1
            else
              is_over=1
            fi
            ;;
          *)
            if ((depth > base)); then
              outside+=$mark
              continue
            fi
            # In an object colons and commas take turns.
            if [[ $kind == '{' && $last != ':' ]]; then last=:; else last=,; fi
            [[ $mark == "$last" ]] && martlet__end_element || return 1
            ;;
        esac
      done
    done
    buffer+=("$outside")
  done
  [[ -n $is_over && -n $is_inside ]]
}

# Takes what martlet__split has gathered as an element; status 1 if that is nothing.
martlet__end_element() {
  buffer+=("$outside")
  martlet__text="${buffer[*]}"
  buffer=()
  outside=''
  [[ $martlet__text != [$' \t\r\n']* && $martlet__text != *[$' \t\r\n'] ]] || martlet__trim "$martlet__text"
  [[ -n $martlet__text ]] && martlet__found+=("$martlet__text")
}

martlet__trim() {
  martlet__text=$1
  while [[ $martlet__text == [$' \t\r\n']* ]]; do martlet__text=${martlet__text:1}; done
  while [[ $martlet__text == *[$' \t\r\n'] ]]; do martlet__text=${martlet__text%?}; done
}

# martlet__find OBJECT NAME: a member's value.
martlet__find() {
  local -i i
  martlet__split "$1" && [[ $1 == *\{* ]] || return 1
  for ((i = 0; i < ${#martlet__found[@]}; i += 2)); do
    if [[ ${martlet__found[i]} == "\"$2\"" ]]; then
      martlet__text=${martlet__found[i + 1]}
      return 0
    fi
  done
  return 1
}

martlet__valid() {
  martlet__trim "$1"
  local text=$martlet__text element kind
  local -i i=0
  case $text in
    true | false | null) return 0 ;;
    '"'*) martlet__unquote "$text" ;;
    '['* | '{'*)
      martlet__split "$text" || return 1
      kind=${text:0:1}
      local -a elements=("${martlet__found[@]}")
      for element in "${elements[@]}"; do
        [[ $kind == '[' || $element == '"'* ]] || ((i % 2)) || return 1
        martlet__valid "$element" || return 1
        i+=1
      done
      ;;
    *) [[ $text =~ ^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$ ]] ;;
  esac
}

# The text that a JSON text stands for; status 1 if it is none. A NUL, which bash cannot hold, is left out.
martlet__unquote() {
  [[ ${#1} -ge 2 && $1 == '"'*'"' ]] || return 1
  local text=${1:1:-1} piece bytes
  local -a pieces out=()
  local -i code high=0 is_plain=1
  martlet__text=$text
  [[ $text != *[$'\x01'-$'\x1f']* ]] || return 1
  if [[ $text != *\\* ]]; then
    [[ $text != *'"'* ]]
    return
  fi
  # shellcheck disable=SC2141 # a backslash it is
  IFS=$'\\'
  # shellcheck disable=SC2206
  pieces=($text.)
  for piece in "${pieces[@]}"; do
    if ((is_plain)); then
      [[ $piece != *'"'* ]] || return 1
      out+=("$piece")
      is_plain=0
      continue
    fi
    [[ ${piece:1} != *'"'* ]] || return 1
    case $piece in
      '') # a backslash; what follows the next one is text
        out+=(\\)
        is_plain=1
        ;;
      '"'* | /*) out+=("$piece") ;;
      n*) out+=($'\n' "${piece:1}") ;;
      t*) out+=($'\t' "${piece:1}") ;;
      r*) out+=($'\r' "${piece:1}") ;;
      b*) out+=($'\b' "${piece:1}") ;;
      f*) out+=($'\f' "${piece:1}") ;;
      u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]*)
        code=16#${piece:1:4}
        if ((code >> 10 == 0x36)) && [[ ${#piece} == 5 ]]; then # the first of a pair
          ((high == 0)) || out+=($'\xef\xbf\xbd')
          high=code
          continue
        fi
        if ((code >> 10 == 0x37 && high)); then
          code=$((0x10000 + ((high & 0x3ff) << 10) + (code & 0x3ff)))
          high=0
        fi
        ((code >> 11 != 0x1b)) || code=0xfffd # a half without its other
        martlet__encode "$code"
        ((high == 0)) || out+=($'\xef\xbf\xbd')
        high=0
        out+=("$bytes" "${piece:5}")
        continue
        ;;
      *) return 1 ;;
    esac
    if ((high)); then
      out[${#out[@]} - 1]=$'\xef\xbf\xbd'${out[${#out[@]} - 1]}
      high=0
    fi
  done
  ((!is_plain || ${#out[@]} == 0)) || [[ ${out[${#out[@]} - 1]} == *. ]] || return 1
  printf -v martlet__text '%s' "${out[@]}"
  martlet__text=${martlet__text%.}
}

# Sets `bytes` to a character's encoding.
martlet__encode() {
  local -i code=$1
  if ((code == 0)); then
    bytes=''
    return
  elif ((code < 0x80)); then
    printf -v bytes '\\x%02x' "$code"
  elif ((code < 0x800)); then
    printf -v bytes '\\x%02x' $((0xc0 | code >> 6)) $((0x80 | code & 0x3f))
  elif ((code < 0x10000)); then
    printf -v bytes '\\x%02x' $((0xe0 | code >> 12)) $((0x80 | code >> 6 & 0x3f)) $((0x80 | code & 0x3f))
  else
    printf -v bytes '\\x%02x' $((0xf0 | code >> 18)) $((0x80 | code >> 12 & 0x3f)) $((0x80 | code >> 6 & 0x3f)) \
      $((0x80 | code & 0x3f))
  fi
  printf -v bytes %b "$bytes"
}

martlet__quote() {
  local text=$1 character escape
  local -i code
  if [[ $text == *[$'\x80'-$'\xff']* && ${#text} -lt 20000 && ! $text =~ $martlet__utf8 ]]; then
    text=${text//[$'\x80'-$'\xff']/?} # JSON has no other encoding
  fi
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  if [[ $text == *[$'\x01'-$'\x1f']* ]]; then
    text=${text//$'\n'/\\n}
    text=${text//$'\t'/\\t}
    text=${text//$'\r'/\\r}
    for ((code = 1; code < 32; code++)); do
      [[ $text == *[$'\x01'-$'\x1f']* ]] || break
      printf -v escape '\\x%02x' "$code"
      printf -v character %b "$escape"
      printf -v escape '\\u%04x' "$code"
      text=${text//"$character"/"$escape"}
    done
  fi
  martlet__text="\"$text\""
}

# A job as JSON; the arguments are those of martlet_push.
martlet__draft() {
  local options='' list='' argument
  while [[ ${1-} == --* ]]; do
    case $1 in
      --queue)
        martlet__quote "${2-}"
        options+=",\"queue\":$martlet__text"
        ;;
      --in | --at | --retry)
        martlet__text="$1 ${2-}: not a number"
        [[ ${2-} =~ $martlet__decimal && ${#2} -le 20 ]] || return 1
        if [[ $1 == --retry ]]; then options+=",\"retry\":$2"; else options+=",\"at\":$2"; fi
        ;;
      *)
        martlet__text="unknown option $1"
        return 1
        ;;
    esac
    shift 2
  done
  martlet__text='no class'
  [[ -n ${1-} ]] || return 1
  martlet__quote "$1"
  # shellcheck disable=SC2089 # quotes of JSON
  options="\"class\":$martlet__text$options"
  shift
  for argument; do
    # A number, true, a list or the like is what it looks like.
    if martlet__valid "$argument"; then martlet__text=$argument; else martlet__quote "$argument"; fi
    list+=${list:+,}${martlet__text//$'\n'/ }
  done
  martlet__text="{$options,\"args\":[$list]}"
}

### Runs

# Tells a run from its line; sets what a job knows. Status 1 if it cannot be read.
martlet__read_run() {
  local -i i
  local name value
  martlet__split "$1" || return 1
  local -a members=("${martlet__found[@]}")
  for ((i = 0; i < ${#members[@]}; i += 2)); do
    value=${members[i + 1]}
    case ${members[i]} in
      '"attempt"') MARTLET_ATTEMPT=$value ;;
      '"last"') MARTLET_LAST=1 ;;
      '"deadline"') MARTLET_DEADLINE=$value ;;
      '"checkpoint"') MARTLET_CHECKPOINT=$value ;;
      '"job"') martlet__payload=$value ;;
    esac
  done
  martlet__read_payload
}

# The members of the payload; a variable that mode spawn has set is right already. Status 1 if it cannot be read.
martlet__read_payload() {
  local -i i
  local class='' wrapped='' value
  martlet__args='[]'
  martlet__split "$martlet__payload" args || return 1
  local -a members=("${martlet__found[@]}")
  for ((i = 0; i < ${#members[@]}; i += 2)); do
    case ${members[i]} in
      '"class"') martlet__unquote "${members[i + 1]}" && class=$martlet__text ;;
      '"wrapped"') martlet__unquote "${members[i + 1]}" && wrapped=$martlet__text ;;
      '"jid"') martlet__unquote "${members[i + 1]}" && : "${MARTLET_JID:=$martlet__text}" ;;
      '"queue"') martlet__unquote "${members[i + 1]}" && : "${MARTLET_QUEUE:=$martlet__text}" ;;
      '"args"') martlet__args=${members[i + 1]} ;;
    esac
  done
  : "${MARTLET_CLASS:=${wrapped:-$class}}" "${MARTLET_QUEUE:=default}" "${MARTLET_ATTEMPT:=1}"
  # shellcheck disable=SC2090
  export MARTLET_JID MARTLET_CLASS MARTLET_QUEUE MARTLET_ATTEMPT MARTLET_LAST MARTLET_DEADLINE MARTLET_CHECKPOINT
  [[ -n $MARTLET_CLASS && $martlet__args == '['* ]] || return 1
  martlet__arguments=()
  for value in "${martlet__elements[@]}"; do
    if [[ $value == '"'* ]]; then
      martlet__unquote "$value" || return 1
      value=$martlet__text
    else
      [[ $value == ['[{']* ]] || martlet__valid "$value" || return 1
    fi
    martlet__arguments+=("$value")
  done
}

# Does the job in a subshell and reads its stderr. Leaves its answer in martlet__text; the status is the job's.
martlet__perform() {
  local verdict='' status='' token=$'\x01'$RANDOM$RANDOM$RANDOM text
  local -a tail=() added=()
  exec {martlet__stdout}>&1
  shopt -s lastpipe
  martlet__watch "$token" | martlet__listen
  status=${status:-${PIPESTATUS[0]}}
  martlet__text=$verdict
  [[ -z $verdict ]] || return "$status"
  printf -v text '%s\n' "${tail[@]}"
  text=${text%$'\n'}
  ((${#text} < 4000)) || text=...${text: -4000}
  case $status in
    0)
      ((${#added[@]} == 0)) || martlet__flush
      martlet__text="{\"done\":$martlet__number}"
      ;;
    65) martlet__describe dead ExitStatus "${text:-exit status 65}" ;;
    143) martlet__describe failed Cancelled "ended by SIGTERM${text:+$'\n'$text}" ;;
    *) martlet__describe failed ExitStatus "${text:-exit status $status}" ;;
  esac
  return "$status"
}

# Reads what the job says and prints, until its end is told: what it has left behind may have its stderr open for long.
martlet__listen() {
  local line sender is_whole=1
  local -A parts=()
  while ((is_whole)) && [[ -z $status ]]; do
    LC_ALL=C IFS= read -r line || is_whole=0
    if [[ $line != *"$token"* ]]; then
      if ((is_whole)) || [[ -n $line ]]; then martlet__print "$line"; fi
      continue
    fi
    [[ $line == "$token"* ]] || martlet__print "${line%%"$token"*}"
    line=${line#*"$token"}
    sender=${line%%' '*}
    line=${line#*' '}
    if [[ $sender == +* ]]; then
      parts[${sender:1}]+=$line
      continue
    fi
    line=${parts[${sender:1}]-}$line
    parts[${sender:1}]=''
    case $line in
      'end '*) status=${line#end } ;;
      'add '*) added+=("${line#add }") ;;
      'checkpoint '*) martlet__flush ",\"checkpoint\":${line#checkpoint }" ;;
      '{"push"'* | '{"progress"'*) martlet__write "$line" ;;
      *) verdict=${verdict:-$line} ;;
    esac
  done
}

# A line that the job has printed: to the log, and kept for a message.
martlet__print() {
  printf '%s\n' "$1" >&2
  ((${#tail[@]} < 20)) || tail=("${tail[@]:1}")
  tail+=("${1:0:1000}")
}

# Pushes what was added, with a checkpoint if there is one.
martlet__flush() {
  local IFS=,
  martlet__write "{\"push\":$martlet__number,\"jobs\":[${added[*]-}]${1-}}"
  added=()
}

martlet__describe() {
  martlet__as_kit martlet__quote "$3"
  martlet__text="{\"$1\":$martlet__number,\"class\":\"$2\",\"message\":$martlet__text}"
}

# Does the job in a subshell of its own and tells its end, whatever it does to its traps. What is Martlet's is closed.
martlet__watch() {
  local martlet__token=$1 status
  exec </dev/null 2>&1 >&"$martlet__stdout" {martlet__stdout}>&- {martlet__wire}>&2 {martlet__turn}>&-
  ((martlet__out == 2)) || exec {martlet__out}>&-
  trap : TERM
  (martlet__job)
  status=$?
  martlet__say "end $status"
  return "$status"
}

# Under the options of the job file.
martlet__job() {
  trap - TERM
  if ! declare -F -- "$MARTLET_CLASS" >/dev/null; then
    martlet_fail NoHandler "no function $MARTLET_CLASS here; there are: $(martlet__names)"
  elif [[ $MARTLET_CLASS != [[:upper:]]* && $martlet__jobs != *" $MARTLET_CLASS "* ]]; then
    martlet_fail NoHandler "the function $MARTLET_CLASS is no job; to make it one: martlet_job $MARTLET_CLASS"
  fi
  [[ $martlet__options == set ]] || $martlet__options
  "$MARTLET_CLASS" "${martlet__arguments[@]}"
}

martlet__names() {
  local name names=''
  while read -r _ _ name; do
    [[ $name != [[:upper:]]* ]] || names+="$name "
  done < <(declare -F)
  names+=${martlet__jobs# }
  printf '%s' "${names% }"
}

# A line to Martlet. Runs take turns: who holds the one byte of that pipe may write.
martlet__write() {
  local byte=''
  until [[ -n $byte ]]; do IFS= read -r -n 1 -u "$martlet__turn" byte; done
  printf '%s\n' "$1" >&"$martlet__out"
  printf . >&"$martlet__turn"
}

# The processes below one, without itself.
martlet__below() {
  local -a children
  local child file
  for file in /proc/"$1"/task/*/children; do
    read -r -a children 2>/dev/null <"$file"
    for child in "${children[@]}"; do
      martlet__found+=("$child")
      martlet__below "$child"
    done
  done
}

# Ends what runs below a run, as soon as something does.
martlet__cancel() {
  local -i i
  for ((i = 0; i < 100; i++)); do
    martlet__found=()
    martlet__below "$1"
    if ((${#martlet__found[@]} > 0)); then
      kill -TERM "${martlet__found[@]}" 2>/dev/null
      return
    fi
    kill -0 "$1" 2>/dev/null || return
    sleep 0.05
  done
}

martlet__serve() {
  local piece line='' status
  local -A runs=()
  local is_quiet=''
  # It came to the jobs, too. What they say of it is waited for; SIGKILL follows.
  trap 'trap "" TERM; wait; exit 0' TERM
  martlet__write '{"ready":true}'
  while :; do
    [[ -z $is_quiet ]] || martlet__leave
    # What is there of a line when such a wait ends is kept.
    IFS= read -r -u "$MARTLET_IN" ${is_quiet:+-t 0.1} piece
    status=$?
    line+=$piece
    if ((status == 0)); then
      martlet__hear "$line"
      line=''
    elif ((status <= 128)); then
      break
    fi
  done
  # End of file: end now, with all that runs.
  martlet__found=()
  martlet__below $$
  ((${#martlet__found[@]} == 0)) || kill -KILL "${martlet__found[@]}" 2>/dev/null
  exit 0
}

martlet__hear() {
  local start=${1:0:80} number
  start=${start//[[:space:]]/}
  if [[ $start == '{"run":'[0-9]* ]]; then
    start=${start#'{"run":'}
    if ((${#runs[@]} >= 256)); then # forget those that have ended
      for number in "${!runs[@]}"; do
        kill -0 "${runs[$number]}" 2>/dev/null || unset "runs[$number]"
      done
    fi
    number=${start%%[!0-9]*}
    martlet__answer "$1" "$number" {MARTLET_IN}<&- &
    runs[$number]=$!
  elif martlet__as_kit martlet__find "$1" cancel; then
    [[ -z ${runs[$martlet__text]-} ]] || martlet__cancel "${runs[$martlet__text]}" &
  elif martlet__as_kit martlet__find "$1" quiet; then
    is_quiet=1
  fi
}

martlet__leave() {
  [[ -n $(jobs -rp) ]] || exit 0
}

martlet__refuse() { martlet__describe failed PayloadError 'the payload cannot be read: it is not the JSON of a job'; }

# One run of mode serve, in a subshell. SIGTERM is for the job; its answer is still to be written.
martlet__answer() {
  trap : TERM
  martlet__number=$2
  if martlet__as_kit martlet__read_run "$1"; then martlet__perform; else martlet__refuse; fi
  martlet__write "$martlet__text"
}

# One job, from standard input; its verdict by descriptor 4 and the exit status.
martlet__once() {
  local status
  if [[ -t 0 ]]; then
    printf '%s\n' "Martlet starts this. By hand: echo '{\"class\":\"X\",\"args\":[]}' | bash FILE" >&2
    exit 64
  fi
  IFS= read -r -d '' martlet__payload # to the end of file
  martlet__number=true
  if martlet__as_kit martlet__read_payload; then
    trap : TERM
    martlet__perform
    status=$?
  else
    martlet__refuse
    status=1
  fi
  case $martlet__text in
    *'"class":"ExitStatus"'*) ;; # what it wrote to stderr is said by Martlet itself
    *) martlet__write "$martlet__text" ;;
  esac
  exit "$status"
}

# To be called at the end of a job file; does not come back.
martlet_run() {
  # A job runs under the options of its file, the rest under none.
  martlet__options='set'
  [[ $- != *e* ]] || martlet__options+=' -e'
  [[ $- != *u* ]] || martlet__options+=' -u'
  [[ $- != *f* ]] || martlet__options+=' -f'
  [[ $- != *C* ]] || martlet__options+=' -C'
  ! shopt -qo pipefail || martlet__options+=' -o pipefail'
  set +euxfC +o pipefail
  exec {martlet__turn}<> <(:)
  printf . >&"$martlet__turn"
  if [[ -n ${MARTLET_IN-} ]]; then
    martlet__out=$MARTLET_OUT
    martlet__serve
  fi
  # Without Martlet descriptor 4 may be anything.
  martlet__out=4
  [[ -n ${MARTLET_PROTOCOL-} ]] || martlet__out=2
  martlet__once
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  (($# > 0)) || {
    echo "usage: bash martlet.sh FILE..." >&2
    exit 64
  }
  for martlet__file_of_jobs; do
    # shellcheck source=/dev/null
    source "$martlet__file_of_jobs"
  done
  martlet_run
fi
