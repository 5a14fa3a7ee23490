"""A serve handler as one would write it in plain Python: parses each line, does nothing, answers."""
import json

with open(3, "r", encoding="utf-8") as jobs, open(4, "w", encoding="utf-8") as answers:
    answers.write('{"ready":true}\n')
    answers.flush()
    for line in jobs:
        message = json.loads(line)
        if "run" in message:
            answers.write(f'{{"done":{message["run"]}}}\n')
            answers.flush()
