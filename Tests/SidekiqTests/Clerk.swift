/// The handler of these tests. What it does with a job is its class; of each run it appends a line to `ledger`.
enum Clerk {
    static let text = #"""
        #!/usr/bin/python3
        import json, os, sys, time
        jobs = os.fdopen(int(os.environ["MARTLET_IN"]), "rb")
        out = int(os.environ["MARTLET_OUT"])
        ledger = os.open("ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        def say(answer): os.write(out, (json.dumps(answer) + "\n").encode())
        def note(word, message, raw):
            job = message["job"]
            line = {"word": word, "class": job.get("class"), "jid": job.get("jid"), "queue": job.get("queue"),
                    "attempt": message["attempt"], "args": job.get("args"), "raw": raw.decode()}
            os.write(ledger, (json.dumps(line) + "\n").encode())
        say({"ready": True})
        for raw in jobs:
            message = json.loads(raw)
            if "quiet" in message: break
            if "run" not in message: continue
            run, job = message["run"], message["job"]
            name = job.get("wrapped", job["class"])
            note("start", message, raw)
            if name.startswith("Fail"):
                say({"failed": run, "class": "Shop::OutOfStock", "message": "no more é of " + job["jid"],
                     "backtrace": ["shop.py:12:in sell", "shop.py:3:in main"]})
            elif name.startswith("Dead"):
                say({"dead": run, "class": "Shop::Closed", "message": "closed for good"})
            else:
                if name.startswith("Hold"):
                    while not os.path.exists("go"): time.sleep(0.02)
                note("end", message, raw)
                say({"done": run})
        """#
}
