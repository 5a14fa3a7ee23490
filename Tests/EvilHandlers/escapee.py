"""Leaves a process behind that is in a session of its own, keeps the output pipes, ignores SIGTERM, and lives on.

argv: escapee.py FILE [stay]: writes the pid of that process to FILE; with `stay` it goes on itself, else it exits 0.
In mode serve (MARTLET_IN is set) it does so at its first job, and never answers.
"""
import os
import signal
import sys
import time


def escape():
    ready, told = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            with open(sys.argv[1] + ".new", "w") as file:
                file.write(str(os.getpid()))
            os.rename(sys.argv[1] + ".new", sys.argv[1])
            os.write(told, b"x")
            time.sleep(3600)
        os._exit(0)
    os.read(ready, 1)
    os.wait()


if "MARTLET_IN" in os.environ:
    os.write(4, b'{"ready":true}\n')
    os.read(3, 1 << 16)
escape()
if len(sys.argv) > 2 or "MARTLET_IN" in os.environ:
    time.sleep(3600)
