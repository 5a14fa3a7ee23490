import Foundation
import TestSupport
import Testing

@Suite("martlet try")
struct TryTests {
    static let configuration = """
        redis: unix:///nonexistent/redis.sock
        queues: [low, default]
        handlers:
          served: { command: [python3, serve.py], classes: ["*"], mode: serve, timeout: 60 }
          programs:
            command: [./program.sh]
            classes: [Program, "Status*"]
            arguments: ["{args.0}"]
            success: [0, 3]
          broken: { command: [./missing], classes: [Broken] }
          ending: { command: ["false"], classes: [Ending], mode: serve }
        """
    static let files = [
        "program.sh": """
        #!/bin/sh
        # Prints what it was given; ends as its class says.
        echo "argument $1, attempt $MARTLET_ATTEMPT of $MARTLET_JID from $MARTLET_QUEUE at $MARTLET_CHECKPOINT"
        cat
        echo "to standard error" >&2
        case "$MARTLET_CLASS" in
        Status*) exit "${MARTLET_CLASS#Status}" ;;
        esac
        """,
        "serve.py": """
        import json, os, sys, time
        jobs, answers = open(3), open(4, "w")
        def say(**answer):
            print(json.dumps(answer), file=answers, flush=True)
        say(ready=True)
        for line in jobs:
            message = json.loads(line)
            if "run" not in message: continue
            run, job = message["run"], message["job"]
            print("doing", job["class"], job["args"], flush=True)
            if job["class"] == "Fail":
                say(failed=run, **{"class": "ValueError", "message": "no such user", "backtrace": ["a.py:1", "b.py:2"]})
            elif job["class"] == "Dead": say(dead=run, **{"class": "E", "message": "m"})
            elif job["class"] == "Discard": say(discard=run)
            elif job["class"] == "Snooze": say(snooze=run, seconds=30)
            elif job["class"] == "Sleep": time.sleep(1000)
            elif job["class"] == "Push":
                print("<4>the disk is nearly full", file=sys.stderr, flush=True)
                say(progress=run, percent=40, note="page 4 of 10")
                say(push=run, jobs=[{"class": "Row", "args": [1.0, "é"]}], checkpoint={"line": 1})
                say(push=run, jobs=[{"class": "Mail", "args": [2], "queue": "mails"}])
                say(done=run)
            elif job["class"] == "BadChild":
                say(push=run, jobs=[{"class": "Mail"}])
            else: say(done=run)
        """,
    ]

    private let directory = TemporaryDirectory()

    init() throws {
        for (name, text) in Self.files.merging(["martlet.yml": Self.configuration], uniquingKeysWith: { $1 }) {
            let path = directory.path + "/" + name
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            chmod(path, text.hasPrefix("#!") ? 0o755 : 0o644)
        }
    }

    private func attempt(_ arguments: [String], input: String = "") -> Program {
        Program.run(
            [Program.martlet, "try"] + arguments + ["-C", "martlet.yml"], input: Array(input.utf8),
            directory: directory.path)
    }

    private func object(_ arguments: [String], input: String = "", exit: Int32) throws -> [String: Any] {
        let program = attempt(arguments + ["--json"], input: input)
        #expect(program.code == exit, "\(program.output)\(program.errors)")
        #expect(program.output.split(separator: "\n").count == 1)
        return try #require(
            try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any], "\(program.output)")
    }

    @Test("shows what the handler prints and says, what the job came to, what it cost and what it pushed; no Redis")
    func shown() {
        let done = attempt(["Push", "42", #"{"a":[1.50]}"#, "tomorrow"])
        #expect(done.code == 0, "\(done.errors)")
        let lines = done.output.split(separator: "\n").map(String.init)
        #expect(lines.contains("out   | doing Push [42, {'a': [1.5]}, 'tomorrow']"), "\(done.output)")
        #expect(lines.contains("40%   | page 4 of 10"))
        #expect(lines.contains("err   | [warning] the disk is nearly full"))
        #expect(lines.contains(#"chunk | 1 jobs, checkpoint {"line": 1}"#))
        #expect(lines.contains("done"))
        #expect(
            lines.contains { $0.hasPrefix("time     ") && $0.contains("by handler served (serve), whose process was") })
        #expect(lines.contains { $0.hasPrefix("cost     CPU ") && $0.contains("peak memory") })
        #expect(lines.contains { $0.hasPrefix(#"pushed   {"class": "Mail", "args": [2], "queue": "mails""#) })
        #expect(done.errors == "")

        let failed = attempt(["Fail"])
        #expect(failed.code == 75)
        #expect(failed.output.contains("failed   ValueError: no such user\n         a.py:1\n         b.py:2\n"))
        #expect(failed.output.contains("would be tried again in some 15 s"))
    }

    @Test("--json says the same as one object, with the jobs byte for byte")
    func json() throws {
        let done = try object(["Push", "1", "-q", "low"], exit: 0)
        #expect(done["outcome"] as? String == "done" && done["verdict"] as? String == "ack")
        #expect(done["class"] as? String == "Push" && done["queue"] as? String == "low")
        #expect(done["handler"] as? String == "served" && done["mode"] as? String == "serve")
        #expect((done["jid"] as? String)?.count == 24 && done["attempt"] as? Int == 1)
        #expect((done["cost"] as? [String: Any])?["cpu"] is Double && done["ready"] is Double)
        #expect((done["pushed"] as? [[String: Any]])?.map { $0["class"] as? String } == ["Mail"])
        let progress = try #require(done["progress"] as? [[String: Any]])
        #expect(progress.count == 1 && progress[0]["percent"] as? Int == 40)
        let output = try #require(done["output"] as? [[String: Any]])
        #expect(output.map { $0["level"] as? String }.sorted { $0 ?? "" < $1 ?? "" } == ["info", "warning"])
        let text = attempt(["Push", "--json"]).output
        #expect(
            text.contains(#""chunks":[{"jobs":[{"class": "Row", "args": [1.0, "\u00e9"]}],"checkpoint":{"line": 1}}]"#))

        let failed = try object(["Fail"], exit: 75)
        #expect(failed["verdict"] as? String == "retry" && failed["in"] as? Int == 15)
        let error = try #require(failed["error"] as? [String: Any])
        #expect(error["class"] as? String == "ValueError" && error["backtrace"] as? [String] == ["a.py:1", "b.py:2"])
    }

    @Test("the exit status says what would become of the job")
    func statuses() throws {
        for (words, exit, outcome, verdict) in [
            (["Dead"], 65, "dead", "bury"), (["Discard"], 65, "discarded", "discard"),
            (["Snooze"], 75, "snoozed", "snooze"), (["BadChild"], 75, "failed", "retry"),
            (["Program", "x"], 0, "done", "ack"), (["Status3", "x"], 0, "done", "ack"),
            (["Status65", "x"], 65, "dead", "bury"), (["Status1", "x"], 75, "failed", "retry"),
            (["Program"], 65, "dead", "bury"), (["Ending"], 75, "failed", "retry"),
            // The last of its runs.
            (["Fail", "--attempt", "26"], 65, "failed", "bury"),
        ] as [([String], Int32, String, String)] {
            let found = try object(words, exit: exit)
            #expect(found["outcome"] as? String == outcome && found["verdict"] as? String == verdict, "\(words)")
        }
        #expect((try object(["Program"], exit: 65)["error"] as? [String: Any])?["class"] as? String == "BadArguments")
        #expect((try object(["Ending"], exit: 75)["error"] as? [String: Any])?["class"] as? String == "StartFailed")
    }

    @Test("what nobody takes, or cannot be started, is told; of other handlers nothing is asked")
    func configuration() {
        let broken = attempt(["Broken"])
        #expect(broken.code == 78)
        #expect(broken.errors.contains("martlet.yml:10:23: `handlers.broken.command` names"), "\(broken.errors)")
        let served = Self.configuration.replacing("\"*\"", with: "Served*")
        try? served.write(toFile: directory.path + "/martlet.yml", atomically: false, encoding: .utf8)
        let unknown = attempt(["Sreved"])
        #expect(unknown.code == 78 && unknown.output == "")
        #expect(
            unknown.errors
                == "martlet.yml: no handler takes the class Sreved; there are handlers for Served*, Program, Status*, Broken, Ending\n"
        )
        #expect(attempt([]).code == 64)
        #expect(attempt(["A", "--unknown"]).code == 64)
    }

    @Test("a job may come as a whole, and as one that ran before")
    func whole() {
        let payload = #"{"class":"Program","args":["x"],"jid":"whole","retry_count":2, "x" : 1.0}"#
        let given = attempt(["--from", "-"], input: "\n" + payload + "\n")
        #expect(given.code == 0, "\(given.errors)")
        #expect(given.output.contains("out   | argument x, attempt 4 of whole from default at \n"))
        #expect(given.output.contains(#""retry_count":2, "x" : 1.0"#))
        let later = attempt(["Program", "x", "--attempt", "3", "--checkpoint", #"{"line":7}"#, "--queue", "default"])
        #expect(later.output.contains(/argument x, attempt 3 of [0-9a-f]{24} from default at \{"line":7\}\n/))
        #expect(attempt(["--from", "-"], input: #"{"args":[]}"#).code == 64)
        #expect(attempt(["--from", "/nonexistent/file"]).code == 66)
        #expect(attempt(["Program", "--checkpoint", "{"]).code == 64)
    }

    @Test("control-C ends the handler as a stop does, and nothing is left running")
    func interrupt() throws {
        let script = """
            "$0" try Sleep -C martlet.yml > out 2>&1 & pid=$!
            until grep -q doing out; do sleep 0.05; done
            kill -INT $pid; wait $pid; echo "status $?"; cat out
            """
        // A shell without job control starts what is in the background with SIGINT ignored; martlet asks for it all the same.
        let ended = Program.run(["/bin/sh", "-c", script, Program.martlet], directory: directory.path)
        #expect(ended.output.hasPrefix("status 130\n"), "\(ended.output)")
        #expect(ended.output.contains("interrupted\n"))
    }
}
