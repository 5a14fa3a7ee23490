"""A serve handler with threads in a runtime with a global lock: each job computes and waits as its arguments say.

args: [milliseconds of CPU time, milliseconds of waiting]; environment: THREADS.
"""
import json
import os
import queue
import threading
import time

SOURCE, SINK = int(os.environ["MARTLET_IN"]), int(os.environ["MARTLET_OUT"])
waiting = queue.SimpleQueue()


def work():
    while True:
        message = waiting.get()
        cpu, pause = message["job"]["args"]
        end = time.thread_time() + cpu / 1000
        while time.thread_time() < end:
            sum(range(200))
        time.sleep(pause / 1000)
        os.write(SINK, b'{"done":%d}\n' % message["run"])


for _ in range(int(os.environ["THREADS"])):
    threading.Thread(target=work, daemon=True).start()
os.write(SINK, b'{"ready":true}\n')
with os.fdopen(SOURCE, "rb") as source:
    for line in source:
        message = json.loads(line)
        if "run" in message:
            waiting.put(message)
