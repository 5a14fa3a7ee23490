# What the rows share. A row is sourced by bash with -e, -u and pipefail: the first thing that does not hold ends it.
# shellcheck shell=bash disable=SC2034 # some are for the rows

service=/sys/fs/cgroup/system.slice/martlet.service
state=/var/lib/martlet
socket=/run/redis-test/redis.sock

fail() { echo "FAILED: $*"; exit 1; }

# within SECONDS WHAT COMMAND...: waits until the command succeeds. Four times as long as it should take on a machine of one's
# own: the guest is emulated, and its host may be busy. It is waited out only where something fails.
within() {
    local seconds=$1
    shift
    promptly $((4 * seconds)) "$@"
}

# promptly SECONDS WHAT COMMAND...: the same, where the time is what is promised.
promptly() {
    local seconds=$1 what=$2 deadline
    shift 2
    deadline=$(($(uptime_ms) + seconds * 1000))
    until "$@"; do
        [ "$(uptime_ms)" -lt "$deadline" ] || fail "within $seconds s it never happened that $what"
        sleep 0.1
    done
}

# holds WHAT COMMAND...: holds now.
holds() {
    local what=$1
    shift
    "$@" || fail "it does not hold that $what"
}

uptime_ms() { awk '{ printf "%d", $1 * 1000 }' /proc/uptime; }

# Redis as a service of its own, on a port and a socket. Arguments: more of redis-server's.
start_redis() {
    systemctl stop redis-test 2>/dev/null || true
    systemctl reset-failed redis-test 2>/dev/null || true
    systemd-run -q --unit=redis-test -p RuntimeDirectory=redis-test -p RuntimeDirectoryMode=0755 \
        redis-server --bind 127.0.0.1 --port 6379 --unixsocket $socket --unixsocketperm 777 --save '' "$@"
    within 60 "Redis answers" redis ping
}

redis() { redis-cli -s $socket "$@" 2>/dev/null; }

# configure: the handlers and settings on standard input become the service's configuration.
configure() {
    cat >/etc/martlet/martlet.yml
    chown root:martlet /etc/martlet/martlet.yml
    chmod 640 /etc/martlet/martlet.yml
}

# override SECTION-LINES: a drop-in of the unit.
override() {
    printf '%s\n' "[Service]" "$@" >/etc/systemd/system/martlet.service.d/row.conf
    systemctl daemon-reload
}

start() {
    systemctl reset-failed martlet 2>/dev/null || true
    timeout 300 systemctl start martlet || fail "martlet did not start"
}

# clean: as before the row.
clean() {
    tc qdisc del dev lo root
    nft flush ruleset
    systemctl stop martlet
    systemctl stop redis-test
    rm -f /etc/systemd/system/martlet.service.d/row.conf
    systemctl daemon-reload
    find $state -mindepth 1 -delete
}

# push CLASS JID [ARGS]: as any client does it.
push() {
    redis sadd queues default >/dev/null
    redis lpush queue:default "{\"class\":\"$1\",\"args\":[${3:-}],\"jid\":\"$2\",\"queue\":\"default\",\"retry\":true,\"created_at\":1}" >/dev/null
}

# The ledger: a handler writes one line at its start, and one at its end.
lines() { grep -c "$1" $state/ledger 2>/dev/null || true; }
did() { grep -q "$1" $state/ledger 2>/dev/null; }
count_is() { [ "$(lines "$1")" = "$2" ]; }
# How many different jobs have ended.
ended() { grep '^end ' $state/ledger 2>/dev/null | cut -d' ' -f2 | sort -u | wc -l; }
ended_are() { [ "$(ended)" = "$1" ]; }

# retry_of JID: the payload that waits for retry.
retry_of() { redis zrange retry 0 -1 | grep "\"jid\":\"$1\""; }
error_is() { retry_of "$1" | grep -q "\"error_class\":\"$2\""; }

# What was logged in this row.
cursor=$(journalctl -q -n 0 --show-cursor | sed -n 's/^-- cursor: //p')
log() { journalctl -q -u martlet -o cat --no-pager --after-cursor="$cursor"; }
logged() { log | grep -q -- "$1"; }
not_logged() { ! logged "$1"; }

main_pid() { systemctl show -P MainPID martlet; }
restarts() { systemctl show -P NRestarts martlet; }
is_active() { [ "$(systemctl is-active martlet)" = active ]; }
children_of() { pgrep -P "$(main_pid)" -f "martlet $1"; }
workers() { children_of worker; }
# is_dead PID: it has ended, whether or not somebody has reaped it.
is_dead() { ! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }
not() { ! "$@"; }
is_empty() { [ "$(sed -n 's/^populated //p' "$1/cgroup.events" 2>/dev/null || echo 0)" != 1 ]; }

# host COMMAND: asks the machine outside: "freeze SECONDS" or "cut".
host() { echo "HOST: $*"; }
