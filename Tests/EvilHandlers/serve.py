"""A serve handler that does what the first argument of each job says, well-behaved or not.

argv: serve.py [directory]: every run line, as it came, is appended to directory/lines.
"""
import json
import os
import signal
import sys
import threading
import time

SOURCE, SINK = int(os.environ["MARTLET_IN"]), int(os.environ["MARTLET_OUT"])
RECORD = os.path.join(sys.argv[1], "lines") if len(sys.argv) > 1 else None
quiet = threading.Event()
cancelled = set()


def write(data):
    while data:
        data = data[os.write(SINK, data):]


def say(**answer):
    write(json.dumps(answer).encode() + b"\n")


def run(number, what, rest):
    if what == "done":
        say(done=number)
    elif what == "compact":
        write(b'{"done":%d}\n' % number)
    elif what == "fail":
        say(failed=number, **{"class": "ValueError", "message": "no such user", "backtrace": ["a.py:1", "a.py:2"]})
    elif what == "dead":
        say(dead=number, **{"class": "KeyError", "message": "never"})
    elif what == "discard":
        say(discard=number)
    elif what == "snooze":
        say(snooze=number, seconds=rest[0])
    elif what == "push":
        say(push=number, jobs=rest)
        say(done=number)
    elif what == "chunks":
        for place in range(rest[0]):
            say(push=number, jobs=[{"class": "Row", "args": ["x" * 10000]}], checkpoint=place + 1)
        say(done=number)
    elif what == "write":
        write(rest[0].replace("N", str(number)).encode() + b"\n")
        say(done=number)
    elif what == "push then fail":
        say(push=number, jobs=rest)
        say(failed=number, **{"class": "E", "message": "m"})
    elif what == "push many":
        one = json.dumps([{"class": "Row", "args": []}] * 5000)
        for _ in range(3):
            write(b'{"push":%d,"jobs":%s}\n' % (number, one.encode()))
        say(done=number)
    elif what == "progress":
        say(progress=number, percent=40, note="page 4 of 10")
        say(done=number)
    elif what == "twice":
        write(b'{"done":%d}\n{"done":%d}\n' % (number, number))
    elif what == "nonsense":
        write(b"Traceback (most recent call last):\n")
    elif what == "other":
        say(done=number + 1000)
    elif what == "ready":
        say(ready=True)
    elif what == "bare failed":
        say(failed=number)
    elif what == "no number":
        write(b'{"done":true}\n')
    elif what == "long":
        write(b'{"done":%d,"filler":"' % number + b"x" * (1 << 20) + b'"}\n')
    elif what == "nearly long":
        head = b'{"done":%d,"filler":"' % number
        write(head + b"x" * ((1 << 20) - len(head) - 2) + b'"}\n')
    elif what == "until cancelled":
        while number not in cancelled:
            time.sleep(0.01)
        if rest == ["done"]:
            say(done=number)
        else:
            say(failed=number, **{"class": "Stopped", "message": "I was told to"})
    elif what == "never":
        time.sleep(3600)
    elif what == "never, stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    elif what == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif what == "die":
        os.write(2, b"first words\nlast words\n")
        os._exit(rest[0])
    elif what == "done and die":
        os.write(SINK, b'{"done":%d}\n' % number)
        os._exit(3)
    elif what == "half an answer and die":
        os.write(SINK, b'{"done":%d' % number)
        os._exit(3)
    elif what == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "close":
        os.close(SINK)
        time.sleep(3600)
    elif what == "sleep":
        time.sleep(rest[0])
        say(done=number)
    elif what == "say":
        for _ in range(rest[2] if len(rest) > 2 else 1):
            print(rest[0], flush=True)
        time.sleep(rest[1] if len(rest) > 1 else 0)
        say(done=number)
    elif what == "eat":
        globals().setdefault("eaten", []).append(bytearray(os.urandom(1 << 20)) * rest[0])
        say(done=number)
    elif what == "done on TERM":
        def finish(*_):
            say(done=number)
            os._exit(0)
        signal.signal(signal.SIGTERM, finish)
        say(progress=number)
        while True:
            time.sleep(3600)
    else:
        say(failed=number, **{"class": "Unknown", "message": repr(what)})


def main():
    say(ready=True)
    buffer = b""
    while True:
        piece = os.read(SOURCE, 1 << 16)
        if not piece:
            return
        buffer += piece
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            if RECORD:
                with open(RECORD, "ab") as file:
                    file.write(line + b"\n")
            message = json.loads(line)
            if "cancel" in message:
                cancelled.add(message["cancel"])
            if "run" not in message:
                continue
            what, *rest = message["job"]["args"]
            if os.environ.get("THREADED"):
                threading.Thread(target=run, args=(message["run"], what, rest), daemon=True).start()
            else:
                run(message["run"], what, rest)


main()
