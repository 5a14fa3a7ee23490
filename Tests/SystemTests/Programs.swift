/// Handlers of the tests, by file name. Their working directory is the daemon's, where they keep a ledger: one line a
/// start and an end, each by one write with O_APPEND.
enum Programs {
    static let all = [
        "ledger.sh": ledger, "sleep.sh": sleep, "keep.sh": keep, "exit.sh": exit, "stubborn.sh": stubborn,
        "serve.py": serve,
    ]

    /// Does its job at once.
    static let ledger = """
        #!/bin/sh
        echo "start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        echo "end $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        """

    /// Takes the time its argument says.
    static let sleep = """
        #!/bin/sh
        echo "start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        sleep "$1"
        echo "end $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        """

    /// Keeps what it was given; then ends as the class says: KeepN with status N, SleepN after so many seconds.
    static let keep = """
        #!/bin/sh
        cat > "kept.$MARTLET_JID.$MARTLET_ATTEMPT.new"
        mv "kept.$MARTLET_JID.$MARTLET_ATTEMPT.new" "kept.$MARTLET_JID.$MARTLET_ATTEMPT"
        case "$MARTLET_CLASS" in
        Keep65) exit "$(( MARTLET_ATTEMPT > 1 ? 65 : 1 ))" ;;
        Keep*) exit "${MARTLET_CLASS#Keep}" ;;
        Sleep*) sleep "${MARTLET_CLASS#Sleep}" ;;
        esac
        """

    /// Ends with the status, or by the signal, that its class names.
    static let exit = """
        #!/bin/sh
        echo "start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        echo "the first line of $MARTLET_JID" >&2
        echo "the last words of $MARTLET_JID" >&2
        case "$MARTLET_CLASS" in
        Exit*) exit "${MARTLET_CLASS#Exit}" ;;
        Signal*) kill -"${MARTLET_CLASS#Signal}" $$ ;;
        esac
        """

    /// Ignores SIGTERM and leaves descendants in its group, in groups and in sessions of their own.
    static let stubborn = """
        #!/bin/sh
        trap '' TERM
        sleep 1000 &
        setsid sleep 1001 &
        setsid sh -c 'trap "" TERM; setsid sleep 1002 & sleep 1003' &
        echo "start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        while :; do sleep 1004; done
        """

    /// Serves; what it does with a job is its class.
    static let serve = #"""
        #!/usr/bin/python3
        import json, os, signal, sys, time, threading
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        jobs = os.fdopen(int(os.environ["MARTLET_IN"]), "rb")
        out = int(os.environ["MARTLET_OUT"])
        def say(text): os.write(out, text.encode())
        ledger = os.open("ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        def note(word, job, attempt): os.write(ledger, f"{word} {job['class']} {job.get('jid')} {attempt}\n".encode())
        say('{"ready":true}\n')
        def work(run, job, attempt, raw):
            kind, args = job["class"], job.get("args", [])
            note("start", job, attempt)
            if kind == "Work": pass
            elif kind == "Sleep": time.sleep(args[0])
            elif kind == "Time": os.write(ledger, f"time {kind} {job['jid']} {time.time()}\n".encode())
            elif kind == "Keep":
                with open(f"kept.{job['jid']}.{attempt}.new", "wb") as file: file.write(raw)
                os.rename(f"kept.{job['jid']}.{attempt}.new", f"kept.{job['jid']}.{attempt}")
            elif kind == "KeepAndFail":
                with open(f"kept.{job['jid']}.{attempt}", "wb") as file: file.write(raw)
                return say(json.dumps({"failed": run, "class": "ValueError", "message": "no such user", "backtrace": ["app.py:7", "app.py:3"]}) + "\n")
            elif kind == "Fail": return say(json.dumps({"failed": run, "class": "ValueError", "message": "no such user", "backtrace": ["app.py:7", "app.py:3"]}) + "\n")
            elif kind == "Dead": return say(json.dumps({"dead": run, "class": "NeverError", "message": "it never will"}) + "\n")
            elif kind == "Discard": return say(json.dumps({"discard": run}) + "\n")
            elif kind == "Snooze": return say(json.dumps({"snooze": run, "seconds": args[0]}) + "\n")
            elif kind == "Push":
                say(json.dumps({"push": run, "jobs": args}) + "\n")
            elif kind == "PushAndFail":
                say(json.dumps({"push": run, "jobs": args}) + "\n")
                return say(json.dumps({"failed": run, "class": "ValueError", "message": "after all"}) + "\n")
            elif kind == "PushAndDie":
                say(json.dumps({"push": run, "jobs": args}) + "\n")
                os._exit(3)
            elif kind == "Die": sys.stderr.write("out of luck\n"); sys.stderr.flush(); os._exit(3)
            elif kind == "Leave": os._exit(0)
            elif kind == "HalfWay": say('{"done":'); os._exit(0)
            elif kind == "Nonsense": return say("hello there\n")
            elif kind == "Twice": return say(json.dumps({"done": run}) + "\n" + json.dumps({"done": run}) + "\n")
            elif kind == "Unknown": return say(json.dumps({"done": run + 1000000}) + "\n")
            elif kind == "Silent": return
            elif kind == "LongLine":
                try: say("x" * (3 << 20))
                except OSError: pass
                return
            elif kind == "Flood":
                line = b"all work and no play\n" * 50
                for _ in range(2000): os.write(1, line); os.write(2, line)
            note("end", job, attempt)
            say(json.dumps({"done": run}) + "\n")
        for raw in jobs:
            message = json.loads(raw)
            if "quiet" in message: break
            if "run" not in message: continue
            work(message["run"], message["job"], message["attempt"], raw)
            if message["job"]["class"] == "Deaf":
                time.sleep(1000)
        """#
}
