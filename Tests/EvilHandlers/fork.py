"""A preloader for mode fork, well-behaved or not. Its children are serve.py.

MISBEHAVE says what it does wrong: never ready, dies first, lies (names a process that is not its child), refuses,
mute (forks and does not say so), no answer, no reap, dies of fork (forks, says so and ends), bad child (a child that
ends before it is ready), closes (its control socket), lies at its end (ends at a fork; a helper of it names the process
in VICTIM_FILE then, and makes the file with .said behind its name), floods (its control socket), same group (its child
makes no group of its own), stays (does not end when told to).
"""
import array
import fcntl
import json
import os
import runpy
import signal
import socket
import sys
import time

HOW = os.environ.get("MISBEHAVE", "")
HERE = os.path.dirname(os.path.abspath(__file__))
if HOW == "dies first":
    sys.exit("no such module: app")
loaded = bytearray(os.urandom(1 << 20)) * int(os.environ.get("LOAD_MB", "1"))
with open(os.environ.get("VERSION_FILE", "/dev/null")) as file:
    VERSION = file.read().strip()
if VERSION == "broken":
    sys.exit("the program is broken")
time.sleep(float(os.environ.get("LOAD_SECONDS", "0")))


def child(control, descriptors):
    if HOW != "same group":
        os.setpgid(0, 0)
    control.close()
    # Out of the way of the numbers wanted first.
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in descriptors]
    for each, number in zip(moved, (3, 4, 1, 2)):
        os.dup2(each, number)
    os.closerange(5, 256)
    if HOW == "bad child":
        os.write(2, b"no database\n")
        os._exit(3)
    del os.environ["MARTLET_CONTROL"]
    os.environ.update(MARTLET_IN="3", MARTLET_OUT="4")
    signal.set_wakeup_fd(-1)
    del sys.argv[1:]
    if VERSION:
        print("version " + VERSION, flush=True)
    try:
        runpy.run_path(os.path.join(HERE, "serve.py"))
    finally:
        sys.stdout.flush()
        os._exit(0)


def reap(pid):
    try:
        status = os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return {"reaped": pid}
    if os.WIFSIGNALED(status):
        return {"reaped": pid, "signal": os.WTERMSIG(status)}
    return {"reaped": pid, "exit": os.WEXITSTATUS(status)}


def lie_at_the_end(control, number):
    victim = os.environ["VICTIM_FILE"]
    parent = os.getpid()
    # Until the test has seen that it is asked, and turns its loop no more.
    open(victim + ".asked", "w").close()
    if os.fork():
        time.sleep(0.5)
        os._exit(0)
    while os.getppid() == parent:
        time.sleep(0.01)
    time.sleep(0.05)
    with open(victim) as file:
        control.send(json.dumps({"forked": number, "pid": int(file.read())}).encode())
    open(victim + ".said", "w").close()
    os._exit(0)


def main():
    control = socket.socket(fileno=int(os.environ["MARTLET_CONTROL"]))

    def say(message):
        control.send(json.dumps(message).encode())

    if HOW == "never ready":
        time.sleep(3600)
    if HOW == "closes":
        say({"ready": True})
        control.close()
        time.sleep(3600)
    say({"ready": True})
    while True:
        data, ancillary, _, _ = control.recvmsg(1 << 16, socket.CMSG_SPACE(64))
        if not data:
            return
        message = json.loads(data)
        if "quiet" in message:
            if HOW == "stays":
                time.sleep(3600)
            return
        descriptors = array.array("i")
        for level, kind, payload in ancillary:
            descriptors.frombytes(payload)
        if "fork" in message:
            if HOW == "no answer":
                time.sleep(3600)
            if HOW == "lies at its end":
                lie_at_the_end(control, message["fork"])
            while HOW == "floods":
                say({"news": 1})
            if HOW == "refuses":
                say({"failed": message["fork"], "message": "no more processes"})
            elif HOW == "lies":
                say({"forked": message["fork"], "pid": os.getppid()})
            else:
                sys.stdout.flush()
                pid = os.fork()
                if pid == 0:
                    child(control, descriptors)
                if HOW != "mute":
                    say({"forked": message["fork"], "pid": pid})
                if HOW == "dies of fork":
                    os._exit(9)
            for each in descriptors:
                os.close(each)
        elif "reap" in message:
            if HOW == "no reap":
                time.sleep(3600)
            say(reap(message["reap"]))


main()
