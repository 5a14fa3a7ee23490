/// A handler that streams so many children, so many a chunk, as its job's arguments say; in both modes.
enum Organiser {
    static let program = #"""
        #!/usr/bin/env python3
        import json, os, sys

        def write(**line):
            data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            while data:
                data = data[os.write(4, data):]

        def organise(run, job, checkpoint):
            total, size = job["args"]
            place = checkpoint or 0
            while place < total:
                end = min(place + size, total)
                write(push=run, jobs=[{"class": "Row", "args": [row], "queue": "rows"} for row in range(place, end)],
                      checkpoint=end)
                place = end
            return total

        if "MARTLET_IN" not in os.environ:
            organise(True, json.load(sys.stdin), json.loads(os.environ.get("MARTLET_CHECKPOINT", "null")))
            sys.exit(0)
        write(ready=True)
        for line in os.fdopen(3):
            line = json.loads(line)
            if "run" in line:
                organise(line["run"], line["job"], line.get("checkpoint"))
                write(done=line["run"])
        """#
}
