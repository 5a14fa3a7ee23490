"""A serve handler without any library: one JSON object a line, in on descriptor 3, out on descriptor 4."""
import json
import os
import time

jobs = os.fdopen(int(os.environ["MARTLET_IN"]))
answers = os.fdopen(int(os.environ["MARTLET_OUT"]), "w", buffering=1)


def report(args):
    pages, = args
    if pages > 8:
        raise ValueError(f"a report of {pages} pages is too long")
    time.sleep(pages / 20)
    print(f"wrote a report of {pages} pages", flush=True)


answers.write('{"ready":true}\n')
for line in jobs:
    message = json.loads(line)
    if "quiet" in message:
        break
    if "run" not in message:
        continue
    number, job = message["run"], message["job"]
    try:
        report(job["args"])
        answer = {"done": number}
    except ValueError as error:
        # A report that is too long stays too long: `dead` means that no retry would help.
        answer = {"dead": number, "class": "ValueError", "message": str(error)}
    answers.write(json.dumps(answer) + "\n")
