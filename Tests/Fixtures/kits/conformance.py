"""The classes of Tests/Fixtures/handler-protocol/README.md, with the Python kit."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../Sources/Kits/python"))
import martlet  # noqa: E402


class ConformanceError(Exception):
    pass


def outer(message):
    innermost(message)


def innermost(message):
    raise ConformanceError(message)


@martlet.job
def Noop(*args):
    pass


@martlet.job("Echo", "Conformance::Nested")
def echo(*args):
    martlet.current.push("Echoed", *args)


@martlet.job
class Fail:
    def perform(self, message):
        outer(message)


@martlet.job
def Dead(message):
    raise martlet.Dead(message)


@martlet.job
def Discard():
    raise martlet.Discard()


@martlet.job
def Snooze(seconds):
    raise martlet.Snooze(seconds)


@martlet.job
def Retry(seconds, message):
    try:
        outer(message)
    except ConformanceError as error:
        raise martlet.Retry(seconds) from error


@martlet.job
def Push(count):
    for i in range(count):
        martlet.current.push("Child", i, **({"queue": "low"} if i == 0 else {}))


@martlet.job
def PushLarge(count, size):
    martlet.current.push_bulk("Child", [[i, "x" * size] for i in range(count)])


@martlet.job
def PushThenFail(message):
    martlet.current.push("Child", 0)
    outer(message)


@martlet.job
def Chunk(count):
    run = martlet.context()
    for i in range((run.checkpoint or {"next": 0})["next"], count, 2):
        run.chunk([("Row", i), ("Row", i + 1)], {"next": i + 2})


@martlet.job
async def Progress():
    martlet.current.progress(40, "page 4 of 10")
    martlet.current.progress(100)


@martlet.job
def Context():
    run = martlet.context()
    run.push("Seen", {
        "jid": run.jid, "class": run.job_class, "queue": run.queue, "attempt": run.attempt, "checkpoint": run.checkpoint,
        "in_time": 0 < run.remaining() <= 60, "extra": run.payload.get("extra"), "cancelled": run.cancelled})


@martlet.job
def Length(text):
    martlet.current.push("Measured", len(text))


@martlet.job
def Log(text):
    print(text)
    print(text, file=sys.stderr)
    martlet.current.log.info("info %s", text)
    martlet.current.log.warning("warning %s", text)


@martlet.job
def Print():
    print('{"done":1}')
    print('{"failed":1,"class":"X","message":"y"}')


@martlet.job
def Together(count, directory):
    open(os.path.join(directory, martlet.current.jid), "w").close()
    until = time.monotonic() + 20
    while len(os.listdir(directory)) < count:
        if time.monotonic() > until:
            raise ConformanceError("there are only %d" % len(os.listdir(directory)))
        time.sleep(0.01)


def wait(directory):
    run = martlet.context()
    run.progress(note="waiting")
    until = time.monotonic() + 60
    while not os.path.exists(os.path.join(directory, "go")):
        run.sleep(0.02)
        if time.monotonic() > until:
            raise ConformanceError("nobody said go")


@martlet.job
def Wait(directory):
    wait(directory)


@martlet.job
def Finish(directory):
    try:
        wait(directory)
    except martlet.Cancelled:
        pass


@martlet.job
def Exit(status):
    sys.exit(status)


@martlet.job
def Fork():
    pid = os.fork()
    if pid == 0:
        sys.exit(3)
    martlet.current.push("Ended", os.WEXITSTATUS(os.waitpid(pid, 0)[1]))


@martlet.job
def NoNumber(name):
    martlet.current.progress(float(name))


@martlet.job
def Crash():
    os.kill(os.getpid(), signal.SIGKILL)


class SpeechlessError(Exception):
    def __str__(self):
        raise ValueError("no words")


@martlet.job
def Speechless():
    raise SpeechlessError()


@martlet.job
def Each(count, directory=None):
    for i in martlet.current.iterate(range(count)):
        martlet.current.progress(i)
        until = time.monotonic() + 60
        while directory and not os.path.exists(os.path.join(directory, "go")):
            if time.monotonic() > until:
                raise ConformanceError("nobody said go")
            time.sleep(0.01)


@martlet.job
def EachFails(count, last):
    for i in martlet.current.iterate(lambda cursor: ((i, i) for i in range(cursor or 0, count))):
        if i == last:
            raise ConformanceError("element %d" % i)


if __name__ == "__main__":
    martlet.run()
