"""Martlet for Python: handlers and a client in one file. Needs Python 3.8 and nothing else; copy it beside your program.

    import martlet

    @martlet.job("ReportJob")
    def report(user, page=1):
        run = martlet.current               # .jid .job_class .queue .attempt .last .deadline .checkpoint .payload .log
        for step in range(10):
            run.check()                     # raises Cancelled if the run is to be given up; run.sleep(s) does too
            run.progress(step * 10, "page %d" % step)
        run.push("MailJob", user)           # a child: enqueued together with this job's end, or not at all

    if __name__ == "__main__":
        martlet.run()

`python3 martlet.py reports.py` runs such a file too, without its last two lines. A class with `perform` and an `async def`
are jobs as well. The same file works in the modes spawn, serve (with `threads` too) and fork. How a job ends:

    return                      done                            raise Snooze(30)    run again in 30 s; costs no retry
    raise Dead("no such user")  failed, never tried again       raise Discard()     dropped
    any other exception         failed, retried by the job's rules
    sys.exit(status)            ends the job, not the process: 0 is done, 65 dead, any other failed

Being ended from outside. `cancel` sets `cancelled`, which check() and sleep() look at; a coroutine is cancelled as asyncio
does it. SIGTERM (the time is up, or a cancel was not heeded) does the same to the runs that are cancelled or past their
deadline, or to all if none is; in the main thread, where a process with one thread runs its jobs, it also raises
Cancelled wherever the job is. Cancelled is a BaseException: `except Exception` lets it pass. SIGKILL follows.

A job of many elements: `for item in martlet.current.iterate(items)` may be interrupted between any two of them, and goes on
there in a later run, wherever that is. Needs mode serve or fork.

What is printed is the log. Lines of `logging` begin with their level (<4> is a warning, as of sd-daemon(3)) and, if several
jobs run in the process, with the jid. The client needs no Martlet: `martlet.Client("redis://…").push("ReportJob", 42)`.
"""
import collections.abc
import contextvars
import itertools
import json
import logging
import math
import os
import queue
import re
import signal
import socket
import stat
import sys
import threading
import time

__all__ = ["job", "run", "current", "context", "on_fork", "child", "Run", "Client", "RedisError", "LogHandler",
           "Cancelled", "Dead", "Discard", "Retry", "Snooze", "Interrupted", "IterationCancelled"]

_LONGEST_CURSOR = 64 << 10
_LONGEST_LINE = 1 << 20  # of the protocol; what is pushed at once is split far below it
_jobs = {}
_fork_hooks = []
_active = {}  # number of a run -> Run; written under the server's lock
_context = contextvars.ContextVar("martlet_run")


class Cancelled(BaseException):
    """The run is to be given up. What a job does with it counts: if it returns all the same, it is done."""


class Interrupted(BaseException):
    """Raised by iterate(): the job stops before its next element, and goes on there later."""


class IterationCancelled(BaseException):
    """Raised by iterate(): somebody wants no more elements done. The job is done with that."""


class Dead(Exception):
    """The job failed, and trying again is pointless. `raise Dead("…") from error` keeps the class and place of the error."""


class Discard(Exception):
    """The job is to be dropped."""


class Retry(Exception):
    """The job failed, and is tried again in so many seconds, above 0 to 1e9, or after a timedelta, rather than by its own rules.
    `raise Retry(30) from error` keeps the class, message and place of the error."""

    def __init__(self, seconds, message=None):
        self.seconds = _finite(seconds.total_seconds() if hasattr(seconds, "total_seconds") else seconds, "a retry")
        if not 0 < self.seconds <= 1e9:
            raise ValueError("a retry after %s s" % self.seconds)
        super().__init__(message or "again in %s s" % self.seconds)


class Snooze(Exception):
    """The job is to be run again in so many seconds, at most 1e9, or after a timedelta; that costs no retry."""

    def __init__(self, seconds):
        self.seconds = _finite(seconds.total_seconds() if hasattr(seconds, "total_seconds") else seconds, "a snooze")
        if not 0 <= self.seconds <= 1e9:
            raise ValueError("a snooze of %s s" % self.seconds)
        super().__init__("in %s s" % self.seconds)


def job(target=None, *more):
    """Makes a function, or a class with `perform`, the job of its own name: @job; or of another: @job("Reports::Daily")."""
    def register(target, names):
        target.martlet_class = names[0]
        for name in names:
            _jobs[name] = target
        return target

    if target is None or isinstance(target, str):
        names = ((target,) if target else ()) + more
        return lambda actual: register(actual, names or (actual.__name__,))
    return register(target, (target.__name__,))


def on_fork(function):
    """Has a function called in each child of mode fork before it gets jobs: open connections there, not before."""
    _fork_hooks.append(function)
    return function


def context():
    """The Run of the job that this thread or task is doing; LookupError if it does none."""
    return _context.get()


class _Current:
    """Stands for context()."""
    def __getattr__(self, name):
        return getattr(_context.get(), name)


current = _Current()


def child(job_class, *args, in_=None, at=None, **options):
    """A job as a dictionary, with a new jid. `in_`: seconds from now, `at`: since 1970; or a timedelta and a datetime."""
    if in_ is not None:
        at = time.time() + (in_.total_seconds() if hasattr(in_, "total_seconds") else in_)
    if at is not None:
        options["at"] = at.timestamp() if hasattr(at, "timestamp") else at
    return dict(options, **{"class": getattr(job_class, "martlet_class", job_class), "args": list(args),
                            "jid": os.urandom(12).hex()})


class Run:
    """One run of a job: what is known about it, and what it may say while it goes on."""

    def __init__(self, wire, number, payload, job_class, attempt=1, deadline=None, checkpoint=None, queue_name=None, last=False):
        self.payload = payload
        self.args = payload.get("args") or []
        self.jid = payload.get("jid")
        self.job_class = job_class
        self.queue = queue_name or payload.get("queue") or "default"
        self.attempt = attempt
        self.last = bool(last)  # no retry is left if it fails
        self.deadline = None if deadline is None else deadline / 1000  # seconds since 1970, as of time.time()
        self.checkpoint = checkpoint
        self._wire, self._number = wire, number
        self._asked = threading.Event()
        self._interrupt = None  # of a coroutine: cancels it
        self._shielded = 0  # while above 0 nothing is raised in the main thread: a line is being written
        self._is_late = False
        self._iteration = None

    def remaining(self):
        """Seconds until its time is up; None if it has no limit."""
        return None if self.deadline is None else self.deadline - time.time()

    @property
    def cancelled(self):
        return self._asked.is_set()

    def check(self):
        if self._asked.is_set():
            raise Cancelled("the run was cancelled")

    def sleep(self, seconds):
        self._asked.wait(seconds)
        self.check()

    @property
    def log(self):
        return logging.getLogger(self.job_class)

    def progress(self, percent=None, note=None):
        percent = None if percent is None else _finite(percent, "a progress")
        line = {"progress": self._number, "percent": percent, "note": note}
        self._send({name: value for name, value in line.items() if value is not None})

    def push(self, job_class, *args, **options):
        """Pushes a child, which is enqueued together with this job's end; returns its jid. Options: see child()."""
        job = child(job_class, *args, **options)
        self._push([job])
        return job["jid"]

    def push_bulk(self, job_class, rows, **options):
        """Pushes a child for each list of arguments; returns their jids."""
        jobs = [child(job_class, *row, **options) for row in rows]
        self._push(jobs)
        return [job["jid"] for job in jobs]

    def chunk(self, jobs, checkpoint):
        """Has these children (dictionaries, or tuples of class and arguments) enqueued at once, in one step with the
        checkpoint, from which a later run goes on."""
        self._push([job if isinstance(job, dict) else child(*job) for job in jobs], checkpoint)

    def iterate(self, items):
        """Goes through elements one by one, of which each run does as many as it comes to; later ones go on from there.

        items: a list or another sequence, the same in each run; another iterable, whose first elements are then left out; or
        a function that gets a cursor (None at first) and yields pairs: an element, and a cursor with which it would begin
        there. A cursor is any JSON value. Once in a run."""
        if self._iteration:
            raise RuntimeError("a run iterates once")
        if self._number is True:
            raise RuntimeError("a job that iterates needs mode serve or fork")
        self._iteration = iteration = _Iteration(self)
        iteration.begin()
        if callable(items):
            pairs = items(iteration.cursor)
        elif isinstance(items, collections.abc.Sequence):
            pairs = ((items[i], i) for i in range(iteration.cursor or 0, len(items)))
        else:
            first = iteration.cursor or 0
            pairs = zip(itertools.islice(items, first, None), itertools.count(first))
        for item, cursor in pairs:
            iteration.come(cursor)
            yield item

    @property
    def executions(self):
        """Runs that have iterated so far, this one included; None before iterate()."""
        return self._iteration and self._iteration.executions

    def _push(self, jobs, checkpoint=None):
        if self._iteration:
            self._iteration.tell()  # what is pushed from here on belongs to this element
        texts = [_text(job) for job in jobs]
        if checkpoint is not None:
            self._send_line('{"push":%s,"jobs":[%s],"checkpoint":%s}' % (
                json.dumps(self._number), ",".join(texts), _text(checkpoint)))
            return
        while texts:
            size = count = 0
            while count < len(texts) and (count == 0 or size + len(texts[count]) < _LONGEST_LINE // 8):
                size += len(texts[count])  # characters; 4 bytes each at most
                count += 1
            self._send_line('{"push":%s,"jobs":[%s]}' % (json.dumps(self._number), ",".join(texts[:count])))
            del texts[:count]

    def _send(self, line):
        self._send_line(_text(line))

    def _send_line(self, text):
        self._shielded += 1
        try:
            self._wire.send(text)
        finally:
            self._shielded -= 1
        if self._is_late and not self._shielded and threading.current_thread() is threading.main_thread():
            self._is_late = False
            self.check()

    def _ask(self):
        """Asks it to give up; in any thread."""
        self._asked.set()
        if self._interrupt:
            self._interrupt()

    def _do(self):
        """Does the job; returns the line that answers it, whatever the job raised."""
        token = _context.set(self)
        try:
            return self._outcome()
        except BaseException as error:  # raised by an error that was asked what it is; or SIGTERM came then
            return self._failure("failed", type(error).__qualname__, _words(error), error)
        finally:
            _context.reset(token)

    def _outcome(self):
        try:
            target = _jobs.get(self.job_class)
            if target is None:
                return self._failure("failed", "NoHandler", "this program has no job %r, only: %s" % (
                    self.job_class, ", ".join(sorted(_jobs)) or "none"))
            process = os.getpid()
            try:
                result = (target().perform if isinstance(target, type) else target)(*self.args)
                if hasattr(result, "__await__"):
                    self._await(result)
            finally:
                if os.getpid() != process:
                    _end_child(sys.exc_info()[1])  # the job forked: only the process that got it answers
        except Interrupted:
            return self._iteration.interrupted()
        except IterationCancelled:
            pass
        except Discard:
            return {"discard": self._number}
        except Snooze as error:
            return {"snooze": self._number, "seconds": error.seconds}
        except Dead as error:
            cause = error.__cause__ or error
            return self._failure("dead", type(cause).__qualname__, _words(error) or _words(cause), cause)
        except Retry as error:
            cause = error.__cause__ or error
            line = self._failure("failed", type(cause).__qualname__, _words(cause), cause)
            return {**line, "retry_in": error.seconds}
        except SystemExit as error:
            if error.code not in (None, 0):
                kind = "dead" if error.code == 65 else "failed"
                return self._failure(kind, "SystemExit", "exit status %s" % (error.code,), error)
        except BaseException as error:
            return self._failure("failed", type(error).__qualname__, _words(error), error)
        if self._iteration and self._iteration.has_stopped:  # somebody has caught what should have ended the job
            return self._iteration.interrupted()
        return {"done": self._number}

    def _answer(self, line):
        try:
            if self._iteration and not ("done" in line or "interrupted" in line):
                self._iteration.tell()
            self._send(line)
        except Exception as error:  # it cannot be written as a line
            self._send(self._failure("failed", type(error).__qualname__, _words(error)))

    def _await(self, coroutine):
        import asyncio

        async def main():
            loop, task = asyncio.get_running_loop(), asyncio.current_task()

            def interrupt():
                try:
                    loop.call_soon_threadsafe(task.cancel)
                except RuntimeError:
                    pass  # the loop has ended
            self._interrupt = interrupt
            if self.cancelled:
                interrupt()
            await coroutine
        try:
            asyncio.run(main())
        except asyncio.CancelledError as error:
            raise Cancelled("the run was cancelled") from error
        finally:
            self._interrupt = None

    def _failure(self, kind, error_class, message, error=None):
        return {kind: self._number, "class": error_class[:1000], "message": message[:10000], "backtrace": _backtrace(error)}


class _Iteration:
    """How far a run has come that goes through elements, and what Martlet wants of it."""

    def __init__(self, run):
        self._run = run
        self._told = threading.Event()
        self._wants_stop = False
        self._cancelled_at = None  # seconds since 1970
        self._text = None  # of the cursor that came last, as JSON
        self._told_at = float("-inf")
        self._is_told = True
        self.cursor = self.executions = None
        self.has_stopped = False

    def begin(self):
        self._run._send({"iterate": self._run._number})
        self._told.wait()
        if self._cancelled_at is not None:
            raise IterationCancelled("the iteration was cancelled")

    def hear(self, message):
        """In the thread that reads."""
        if "cancelled" in message:
            self._cancelled_at = message["cancelled"]
        if "interrupt" in message:
            self._wants_stop = True
        else:
            self.cursor, self.executions = message.get("cursor"), message.get("executions", 1)
            self._told.set()

    def come(self, cursor):
        """The element of this cursor is next: tells Martlet now and then, and stops here if it is to."""
        text = _text(cursor)
        if len(text.encode()) > _LONGEST_CURSOR:
            raise ValueError("a cursor of %d bytes; Martlet takes %d" % (len(text.encode()), _LONGEST_CURSOR))
        self._text, self._is_told, self.cursor = text, False, cursor
        self._run.check()
        if self._cancelled_at is not None:
            raise IterationCancelled("the iteration was cancelled")
        if self._wants_stop:
            self.has_stopped = True
            raise Interrupted("before the element %s" % text[:100])
        if time.monotonic() - self._told_at >= 1:
            self.tell()

    def tell(self):
        if not self._is_told:
            self._is_told, self._told_at = True, time.monotonic()
            self._run._send_line('{"iterate":%d,"cursor":%s}' % (self._run._number, self._text))

    def interrupted(self):
        return {"interrupted": self._run._number, "cursor": json.loads(self._text)}


def _text(value):
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can say
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def _finite(value, what):
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError("%s of %r, which is no number" % (what, value))
    if not math.isfinite(value):
        raise ValueError("%s of %s" % (what, value))
    return value if isinstance(value, int) else float(value)


def _words(error):
    try:
        return str(error)
    except BaseException as reason:
        return "its message cannot be had: %s" % type(reason).__qualname__


def _backtrace(error):
    """The calls from the innermost to the outermost, without those of this file."""
    lines, place = [], error and error.__traceback__
    while place:
        code = place.tb_frame.f_code
        if code.co_filename != __file__:
            lines.append("%s:%d in %s" % (code.co_filename, place.tb_lineno, getattr(code, "co_qualname", code.co_name)))
        place = place.tb_next
    return lines[::-1][:200]


class _Wire:
    """Lines to Martlet: each is whole, whichever thread writes it."""

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def send(self, text):
        if os.getpid() != self._pid:
            raise RuntimeError("only the process that got the job speaks to Martlet, not what it forked")
        line = memoryview(text.encode() + b"\n")
        if len(line) > _LONGEST_LINE:
            raise ValueError("a line of %d bytes; Martlet takes %d" % (len(line), _LONGEST_LINE))
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line):]
            except OSError:
                os._exit(1)  # Martlet is gone, or cannot be told


class LogHandler(logging.StreamHandler):
    """Writes records to standard error as Martlet reads them: with the level, and the jid where it would not be known."""

    def __init__(self, stream=None):
        super().__init__(stream)
        self.setFormatter(logging.Formatter("%(message)s"))  # basicConfig's would say the level again

    def format(self, record):
        text, run = super().format(record), _context.get(None)
        if run and len(_active) > 1:
            text = "jid=%s %s" % (run.jid, text)
        level = next((number for limit, number in ((50, 2), (40, 3), (30, 4), (20, 6)) if record.levelno >= limit), 7)
        return "\n".join("<%d>%s" % (level, line) for line in text.split("\n"))


def run():
    """Does what Martlet asks for, in the mode in which it started this process; returns when there is nothing more to do."""
    logging.basicConfig(handlers=[LogHandler()], level=logging.INFO)
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)  # the integers of a job may be of any length
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    is_child = "MARTLET_CONTROL" in os.environ
    if is_child:
        _fork_children(int(os.environ["MARTLET_CONTROL"]))
    if "MARTLET_IN" not in os.environ:
        sys.exit(_spawned())
    _Server(int(os.environ["MARTLET_IN"]), int(os.environ["MARTLET_OUT"])).serve()
    if is_child:
        _exit()  # what the parent registered for its own end is not the child's to do


def _exit(status=0):
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(status)


def _end_child(error):
    """Ends a process that a job forked and that leaves the job, as the end of a program would."""
    status = 1
    try:
        if error is None or isinstance(error, SystemExit) and error.code is None:
            status = 0
        elif isinstance(error, SystemExit) and isinstance(error.code, int):
            status = error.code & 255
        elif isinstance(error, SystemExit):
            print(error.code, file=sys.stderr)
        else:
            sys.excepthook(type(error), error, error.__traceback__)
    finally:
        _exit(status)


def _on_sigterm(get_main_run, end):
    """Decides what SIGTERM does: see the head of this file. Called in the main thread, between any two steps."""
    process = os.getpid()

    def handle(number, frame):
        if os.getpid() != process:  # a job forked, as multiprocessing does
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        runs = list(_active.values())
        overdue = [run for run in runs if run.cancelled or (run.deadline and run.deadline <= time.time())]
        main = get_main_run()
        for run in overdue or runs:
            is_coroutine = run._interrupt is not None
            run._ask()
            if run is main and not is_coroutine:
                run._is_late = True
        end()
        if main and main._is_late and not main._shielded:
            main._is_late = False
            raise Cancelled("the run was ended by SIGTERM")
    signal.signal(signal.SIGTERM, handle)


def _spawned():
    """Does the job on standard input; returns the exit status. By hand, what would go to Martlet goes to standard error."""
    def is_pipe(descriptor):
        try:
            return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        except OSError:
            return False
    env, payload = os.environ, json.load(sys.stdin.buffer)
    wire = _Wire(4 if "MARTLET_PROTOCOL" in env and is_pipe(4) else 2)
    run = Run(wire, True, payload, env.get("MARTLET_CLASS") or payload.get("wrapped") or payload["class"],
              int(env.get("MARTLET_ATTEMPT", 1)), int(env["MARTLET_DEADLINE"]) if "MARTLET_DEADLINE" in env else None,
              json.loads(env.get("MARTLET_CHECKPOINT", "null")), env.get("MARTLET_QUEUE"), "MARTLET_LAST" in env)
    _active[True] = run
    _on_sigterm(lambda: _active.get(True), lambda: None)
    try:
        answer = run._do()
    finally:
        _active.clear()
    run._answer(answer)  # "done" too: a status of 0 alone may be how a program answers SIGTERM
    return 65 if "dead" in answer else 75 if "failed" in answer else 0


class _Server:
    """Reads descriptor 3 in a thread of its own, so that `cancel` is seen while jobs run. The main thread does jobs; more
    threads are made when Martlet sends more at once."""

    def __init__(self, source, sink):
        self._source, self._wire = source, _Wire(sink)
        for descriptor in (source, sink):
            os.set_inheritable(descriptor, False)
        self._lock = threading.Lock()
        self._tasks = queue.SimpleQueue()  # Run, or None: there is nothing more to do
        self._idle = 1  # threads that wait for a task, less the tasks they are going to take; the main thread is there
        self._is_quiet = False
        self._main_run = None

    def serve(self):
        _on_sigterm(lambda: self._main_run, self._end)
        threading.Thread(target=self._read, name="martlet-reader", daemon=True).start()
        self._wire.send('{"ready":true}')
        self._work(is_main=True)

    def _end(self):
        """No more jobs will come. May be called by a signal at any place, so it takes no lock."""
        self._is_quiet = True
        if not _active:
            self._tasks.put(None)

    def _read(self):
        with open(self._source, "rb", closefd=False) as lines:
            for line in lines:
                message = None
                try:
                    message = json.loads(line)
                    if "run" in message:
                        self._accept(message)
                    elif "iterate" in message or "interrupt" in message:
                        run = _active.get(message.get("iterate", message.get("interrupt")))
                        if run and run._iteration:
                            run._iteration.hear(message)
                    elif "cancel" in message:
                        run = _active.get(message["cancel"])
                        if run:
                            run._ask()
                    elif "quiet" in message:
                        self._end()
                except Exception as error:
                    self._refuse(line, message, error)
        self._end()
        if _active:
            _exit()  # Martlet is gone, or does not want to wait: nobody would read the answers

    def _refuse(self, line, message, error):
        """Answers a run that cannot be read, or for which there is no thread. Other lines are of a later version."""
        if isinstance(message, dict):
            number = message.get("run")
        else:
            found = re.match(rb'\s*\{\s*"run"\s*:\s*(\d{1,18})\s*,', line)
            number = found and int(found.group(1))
        if type(number) is int:
            _active.pop(number, None)
            self._wire.send(_text({"failed": number, "class": type(error).__qualname__,
                                   "message": "the run cannot be begun: " + _words(error)[:1000]}))
            if self._is_quiet:
                self._end()

    def _accept(self, message):
        payload = message["job"]
        run = Run(self._wire, message["run"], payload, payload.get("wrapped") or payload["class"],
                  message.get("attempt", 1), message.get("deadline"), message.get("checkpoint"), last=message.get("last"))
        with self._lock:
            _active[message["run"]] = run
            is_taken = self._idle > 0
            if is_taken:
                self._idle -= 1
        if not is_taken:
            threading.Thread(target=self._work, daemon=True).start()
        self._tasks.put(run)

    def _work(self, is_main=False):
        while True:
            run = self._tasks.get()
            if run is None:
                if not is_main:
                    self._tasks.put(None)  # for the main thread
                    return
                if not _active:
                    return
                continue  # a job came after all; its end says so again
            try:
                if is_main:
                    self._main_run = run
                answer = run._do()
            except Cancelled as error:  # it came between the job's end and here
                answer = run._failure("failed", "Cancelled", str(error))
            finally:
                if is_main:
                    self._main_run = None
            with self._lock:
                self._idle += 1  # before the answer, at which the next job may come
            run._answer(answer)
            del _active[run._number]
            if self._is_quiet:
                self._end()


def _fork_children(descriptor):
    """Forks whenever Martlet asks for it; returns in each child, as a process that serves. See the fork protocol."""
    import array
    import gc
    if threading.active_count() > 1:
        logging.getLogger("martlet").warning("threads that were started before martlet.run() are not there in the children")
    control = socket.socket(fileno=descriptor)
    gc.collect()
    gc.freeze()  # a collection in a child would write to, and so copy, every object there is
    _gather_memory()

    def tell(**message):
        control.send(json.dumps(message).encode())

    tell(ready=True)
    while True:
        data, extra, _, _ = control.recvmsg(65536, socket.CMSG_SPACE(16), getattr(socket, "MSG_CMSG_CLOEXEC", 0x40000000))
        if not data:
            sys.exit(0)
        message, passed = json.loads(data), array.array("i")
        for level, kind, content in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                passed.frombytes(content[:len(content) // passed.itemsize * passed.itemsize])
        if "quiet" in message:
            sys.exit(0)
        if "reap" in message:
            tell(**_reap(message["reap"]))
        elif "fork" in message:
            number = message["fork"]
            try:
                pid = os.fork()
            except OSError as error:
                tell(failed=number, message="fork: %s" % error.strerror)
            else:
                if pid == 0:
                    control.close()
                    _become_child(passed)
                    return
                tell(forked=number, pid=pid)
        for received in passed:
            os.close(received)


def _become_child(passed):
    import fcntl
    import gc
    high = [fcntl.fcntl(received, fcntl.F_DUPFD_CLOEXEC, 10) for received in passed]
    for received in passed:
        os.close(received)
    for source, target in zip(high, (3, 4, 1, 2)):
        os.dup2(source, target)
        os.close(source)
    os.setpgid(0, 0)
    del os.environ["MARTLET_CONTROL"]
    os.environ.update(MARTLET_IN="3", MARTLET_OUT="4")
    gc.enable()
    try:
        for hook in _fork_hooks:
            hook()
    except BaseException:
        logging.getLogger("martlet").exception("a function of on_fork failed")
        _exit(1)


def _reap(pid):
    try:
        status = os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return {"reaped": pid}
    if os.WIFSIGNALED(status):
        return {"reaped": pid, "signal": os.WTERMSIG(status)}
    return {"reaped": pid, "exit": os.WEXITSTATUS(status)}


def _gather_memory():
    """Gathers what the program has loaded in huge pages (MADV_COLLAPSE, Linux 6.1): a fork has fewer of them to copy."""
    try:
        import ctypes
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        huge = 2 << 20
        with open("/proc/self/maps") as maps:
            found = [line.split() for line in maps]
        for area, rights, _, _, inode, *name in found:
            start, end = (int(text, 16) for text in area.split("-"))
            start, end = -(-start // huge) * huge, end // huge * huge
            if end > start and rights == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
                madvise(start, end - start, 25)
    except (ImportError, OSError, AttributeError):
        pass  # it saves time, nothing else


class RedisError(Exception):
    """Redis refused a command."""


class Client:
    """Pushes jobs in Sidekiq's format. Of any thread.

    url: redis://user:password@host:port/db, rediss:// (TLS), unix:///path?db=1; else MARTLET_REDIS or REDIS_URL.
    context: an ssl.SSLContext for TLS; timeout: in seconds. What fails raises OSError or RedisError.
    """

    def __init__(self, url=None, timeout=5.0, context=None):
        from urllib.parse import urlsplit
        self._url = url or os.environ.get("MARTLET_REDIS") or os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
        parts = urlsplit(self._url)
        if parts.username and not parts.password:
            raise ValueError("a user in the URL of Redis needs a password")
        self._timeout, self._tls = timeout, context
        self._lock = threading.Lock()
        self._socket = self._replies = self._pid = None

    def push(self, job_class, *args, queue="default", in_=None, at=None, **options):
        """Pushes a job, or schedules it; returns its jid. Options are members of the job, such as retry=3."""
        return self._push([child(job_class, *args, in_=in_, at=at, queue=queue, **options)])[0]

    def push_bulk(self, job_class, rows, queue="default", in_=None, at=None, **options):
        """Pushes a job for each list of arguments; returns their jids."""
        jobs = [child(job_class, *row, in_=in_, at=at, queue=queue, **options) for row in rows]
        return [jid for start in range(0, len(jobs), 1000) for jid in self._push(jobs[start:start + 1000])]

    def schedule(self, when, job_class, *args, **options):
        """Schedules a job: `when` is in seconds from now, a timedelta, or a datetime; returns its jid."""
        return self.push(job_class, *args, **dict(options, **{"at" if hasattr(when, "timestamp") else "in_": when}))

    def close(self):
        with self._lock:
            self._drop()

    def _push(self, jobs):
        now, at = time.time(), jobs[0].pop("at", None)  # one call, one time
        is_scheduled = at is not None and at > now
        texts = []
        for job in jobs:
            job.pop("at", None)
            stamps = {"created_at": int(now * 1000), **({} if is_scheduled else {"enqueued_at": int(now * 1000)})}
            texts.append(_text({"retry": True, **job, **stamps}))
        queue_name = jobs[0]["queue"]
        if is_scheduled:
            self._call(["ZADD", "schedule"] + [part for text in texts for part in (repr(at), text)])
        else:
            self._call(["SADD", "queues", queue_name], ["LPUSH", "queue:" + queue_name] + texts)
        return [job["jid"] for job in jobs]

    def _call(self, *commands):
        data = bytearray()
        for command in commands:
            data += b"*%d\r\n" % len(command)
            for part in command:
                part = part.encode()
                data += b"$%d\r\n%b\r\n" % (len(part), part)
        with self._lock:
            try:
                self._connect()
                self._socket.sendall(data)
                replies = [self._reply() for _ in commands]
            except BaseException:  # also Cancelled: the answers that did not come are not those to the next commands
                self._drop()
                raise
        for reply in replies:
            if isinstance(reply, RedisError):
                raise reply

    def _reply(self):
        line = self._replies.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, text = line[:1], line[1:-2].decode()
        if kind == b"$" and text != "-1":
            return self._replies.read(int(text) + 2)[:-2].decode()
        return RedisError(text) if kind == b"-" else text

    def _drop(self):
        opened, self._replies, self._socket = (self._replies, self._socket), None, None
        for file in opened:
            if file:
                file.close()

    def _connect(self):
        import select
        from urllib.parse import parse_qs, unquote, urlsplit
        if self._socket and (self._pid != os.getpid() or select.select([self._socket], [], [], 0)[0]):
            self._drop()  # it is the parent's; or it has ended, since nothing was asked
        if self._socket:
            return
        self._pid = os.getpid()
        url = urlsplit(self._url)
        if url.scheme == "unix":
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(self._timeout)
            self._socket.connect(unquote(url.path))
            database = parse_qs(url.query).get("db", ["0"])[0]
        else:
            host = url.hostname or "127.0.0.1"
            self._socket = socket.create_connection((host, url.port or 6379), self._timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if url.scheme == "rediss":
                import ssl
                self._socket = (self._tls or ssl.create_default_context()).wrap_socket(self._socket, server_hostname=host)
            database = url.path.strip("/") or "0"
        self._replies = self._socket.makefile("rb")
        greetings = []
        if url.password:
            greetings.append(["AUTH"] + [unquote(part) for part in (url.username, url.password) if part])
        if database != "0":
            greetings.append(["SELECT", database])
        for command in greetings:
            self._socket.sendall(b"".join([b"*%d\r\n" % len(command)] + [
                b"$%d\r\n%b\r\n" % (len(part.encode()), part.encode()) for part in command]))
            reply = self._reply()
            if isinstance(reply, RedisError):
                self._drop()
                raise reply


def _main(names):
    import importlib
    import importlib.util
    import gc
    sys.modules["martlet"] = sys.modules[__name__]  # for the programs that import it
    if "MARTLET_CONTROL" in os.environ:
        gc.disable()  # until the fork, so that no holes are left in which children would write
    sys.path.insert(0, os.getcwd())
    for name in names:
        if not name.endswith(".py"):
            importlib.import_module(name)
            continue
        sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
        module = os.path.basename(name)[:-3]
        spec = importlib.util.spec_from_file_location(module, name)
        sys.modules[module] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[module])
    run()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: martlet.py FILE.py|MODULE...")
    _main(sys.argv[1:])
