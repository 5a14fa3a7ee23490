"""Holds on to a process as a debugger does: its end is told to nobody else. Arguments: pid, a file made when it holds."""

import ctypes
import sys
import time

PTRACE_SEIZE = 0x4206

libc = ctypes.CDLL(None, use_errno=True)
arguments = [ctypes.c_long(value) for value in (PTRACE_SEIZE, int(sys.argv[1]), 0, 0)]
if libc.ptrace(*arguments) != 0:
    sys.exit(f"cannot trace: error {ctypes.get_errno()}")
open(sys.argv[2], "w").close()
time.sleep(600)
