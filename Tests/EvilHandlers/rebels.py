#!/usr/bin/python3
"""H14: tries what a handler with a user of its own must not be able to do, and tells of each try in a file.

argv: rebels.py FILE
"""
import ctypes
import os
import signal
import sys

PARENT = os.getppid()
with open(f"/proc/{PARENT}/stat") as stat:
    SUPERVISOR = int(stat.read().rsplit(")", 1)[1].split()[1])
libc = ctypes.CDLL(None, use_errno=True)


def attempt(name, body):
    try:
        body()
        return f"{name}: it could"
    except OSError as error:
        return f"{name}: {os.strerror(error.errno)}"


def trace():
    if libc.ptrace(16, PARENT, None, None) != 0:  # PTRACE_ATTACH
        raise OSError(ctypes.get_errno(), "")


def into_pipes():
    for name in os.listdir(f"/proc/{PARENT}/fd"):
        os.close(os.open(f"/proc/{PARENT}/fd/{name}", os.O_WRONLY))


TRIES = {
    "kill its worker": lambda: os.kill(PARENT, signal.SIGKILL),
    "kill the supervisor": lambda: os.kill(SUPERVISOR, signal.SIGKILL),
    "stop the worker": lambda: os.kill(PARENT, signal.SIGSTOP),
    "trace its worker": trace,
    "read the worker's memory": lambda: open(f"/proc/{PARENT}/mem", "rb").close(),
    "read the worker's environment": lambda: open(f"/proc/{PARENT}/environ", "rb").close(),
    "open the worker's pipes": into_pipes,
    "become root": lambda: os.setuid(0),
    "join root's group": lambda: os.setgid(0),
    "take groups": lambda: os.setgroups([0]),
}

if "MARTLET_IN" in os.environ:
    os.write(4, b'{"ready":true}\n')
    run = os.read(3, 1 << 16).split(b",")[0].split(b":")[1].decode()
with open(sys.argv[1] + ".new", "w") as file:
    for name, body in TRIES.items():
        file.write(attempt(name, body) + "\n")
    for name in ("HOME", "USER"):
        file.write(f"{name}={os.environ.get(name)}\n")
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(("Uid", "Gid", "Groups", "CapEff", "CapPrm", "NoNewPrivs")):
                file.write(" ".join(line.split()) + "\n")
os.rename(sys.argv[1] + ".new", sys.argv[1])
if "MARTLET_IN" in os.environ:
    os.write(4, b'{"done":' + run.encode() + b"}\n")
