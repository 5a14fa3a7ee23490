import Foundation
import Glibc
import Platform
import Redis
import TestSupport
import Testing

@Suite("Cancelling jobs")
struct CancelTests {
    private static let files = [
        "heeds.py": #"""
        #!/usr/bin/python3
        import json, os, threading
        ledger = os.open("ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        waits = {}
        def note(word, job): os.write(ledger, f"{word} {job['class']} {job['jid']} 1\n".encode())
        def say(answer): os.write(4, (json.dumps(answer) + "\n").encode())
        def run(number, job):
            note("start", job)
            waits[number].wait(100)
            if job["class"] == "Deaf": threading.Event().wait()
            if job["class"] == "Done":
                note("end", job)
                return say({"done": number})
            note("heard", job)
            say({"failed": number, "class": "Stopped", "message": "I was told to"})
        say({"ready": True})
        for line in os.fdopen(3):
            message = json.loads(line)
            if "cancel" in message: waits[message["cancel"]].set()
            if "run" in message:
                waits[message["run"]] = threading.Event()
                threading.Thread(target=run, args=(message["run"], message["job"]), daemon=True).start()
        """#,
        // With the kit, which does the same in every mode.
        "kit.py": #"""
        #!/usr/bin/python3
        import os, sys, time
        sys.path.insert(0, os.environ["KIT"])
        import martlet
        def wait():
            run = martlet.current
            with open("ledger", "a") as ledger: ledger.write(f"start {run.job_class} {run.jid} {os.getpid()}\n")
            while True:
                if not run.job_class.startswith("Deaf"): run.check()
                time.sleep(0.02)
        for name in "KitServe", "KitFork", "DeafFork", "KitSpawn": martlet.job(name)(wait)
        martlet.run()
        """#,
    ]

    private static let configuration = """
        concurrency: 6
        timeout: 1
        handlers:
          heeding: { command: [./heeds.py], classes: [Heeds, Done], mode: serve, threads: 2 }
          deaf: { command: [./heeds.py], classes: [Deaf], mode: serve, grace: 300ms }
          spawned: { command: [./sleep.sh, "1000"], classes: [Spawned] }
          quick: { command: [./ledger.sh], classes: [Quick] }
        """

    @Test(
        "jobs of a kit heed it in every mode, and one that does not is ended; the process it was in goes on if it can")
    func kits() throws {
        let kit = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/Kits/python").path
        let configuration = """
            concurrency: 8
            handlers:
              served: { command: [./kit.py], classes: [KitServe], mode: serve, threads: 2, env: { KIT: "\(kit)" } }
              forked: { command: [./kit.py], classes: [KitFork, DeafFork], mode: fork, grace: 300ms, env: { KIT: "\(kit)" } }
              spawned: { command: [./kit.py], classes: [KitSpawn], env: { KIT: "\(kit)" } }
            """
        try Scene.run(configuration, files: Self.files) { scene in
            let classes = ["KitServe", "KitFork", "DeafFork", "KitSpawn"]
            for name in classes { try scene.jobs.push(Jobs.payload(name, "\(name)1"), Jobs.payload(name, "\(name)2")) }
            eventually(within: 60, "all run") { scene.ledger.count == 8 }
            let jids = classes.map { "\($0)1" }
            let run = scene.daemon.martlet(["jobs", "cancel", "--wait", "30s"] + jids)
            #expect(run.code == 0, "\(run.output)")
            for jid in jids {
                #expect(try scene.jobs.object(jid, in: "dead")?["error_class"] as? String == "Cancelled", "\(jid)")
            }
            // The others still run, each in the process it began in.
            #expect(scene.ledger.count == 8)
            #expect(try scene.jobs.members(of: "dead").count == 4)
            let others = scene.daemon.martlet(["jobs", "cancel", "--wait", "30s"] + classes.map { "\($0)2" })
            #expect(others.code == 0, "\(others.output)")
            #expect(scene.ledger.count == 8)
            #expect(try scene.jobs.number("stat:failed") == 0)
            try scene.finish(leaving: ["dead"])
        }
    }

    private func cancel(_ scene: Scene, _ arguments: String...) -> (status: Int32?, output: String) {
        let run = scene.daemon.martlet(["jobs", "cancel"] + arguments)
        return (run.code, run.output)
    }

    @Test("jobs that run end, each as its handler can be told, and lie in the dead set with who it was")
    func running() throws {
        try Scene.run(Self.configuration, files: Self.files) { scene in
            let jids = ["heeds": "Heeds", "deaf": "Deaf", "spawned": "Spawned"]
            for (jid, name) in jids { try scene.jobs.push(Jobs.payload(name, jid)) }
            try scene.jobs.push(Jobs.payload("Done", "done"))
            eventually(within: 30, "all run") { scene.ledger.count { $0.hasPrefix("start") } == 4 }
            let (status, output) = cancel(scene, "heeds", "deaf", "spawned", "done", "none", "--wait", "20s")
            #expect(status == 65, "\(output)")
            for jid in jids.keys { #expect(output.contains("\(jid): cancelled while it was running in")) }
            #expect(output.contains("done: not cancelled: it was done"))
            #expect(output.contains("none: not found"))
            for jid in jids.keys {
                let job = try #require(try scene.jobs.object(jid, in: "dead"))
                #expect(job["error_class"] as? String == "Cancelled")
                let message = try #require(job["error_message"] as? String)
                #expect(message.hasPrefix("cancelled by ") && message.contains(" while it was running in "))
            }
            #expect(scene.ledger.contains("heard Heeds heeds 1"))
            #expect(scene.done == ["done"])
            #expect(try scene.jobs.number("stat:processed") == 4)
            #expect(try scene.jobs.number("stat:failed") == 0)
            // The processes that were told by a line go on.
            try scene.jobs.push(Jobs.payload("Quick", "quick"))
            eventually(within: 20, "the slots are free") { scene.done == ["done", "quick"] }
            try scene.finish(leaving: ["dead"])
        }
    }

    @Test("jobs that wait are cancelled, also while no worker is there")
    func waiting() throws {
        try Scene.run(Self.configuration, files: Self.files, starting: false) { scene in
            try scene.jobs.push(Jobs.payload("Quick", "a"), Jobs.payload("Quick", "b"))
            try scene.jobs.call("ZADD", "retry", "9e9", Jobs.payload("Quick", "c"))
            try scene.jobs.call("ZADD", "schedule", "9e9", Jobs.payload("Quick", "d"))
            let (status, output) = cancel(scene, "a", "c", "d", "--json")
            #expect(status == 0, "\(output)")
            let answer = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: [[String: String]]]
            let jobs = try #require(answer?["jobs"])
            #expect(jobs.map { $0["jid"] } == ["a", "c", "d"])
            #expect(jobs.allSatisfy { $0["result"] == "cancelled" })
            #expect(jobs.map { $0["where"] } == ["queue", "retry", "schedule"])
            #expect(jobs[0]["queue"] == "default")
            #expect(try scene.jobs.texts() == [Jobs.payload("Quick", "b")])
            let (again, words) = cancel(scene, "a")
            #expect(again == 65 && words.contains("dead already (Cancelled)"), "\(words)")
        }
    }

    @Test(
        "a job that does not end in time is told so, and is cancelled all the same; also if its worker dies meanwhile")
    func workerDies() throws {
        let slow = Self.configuration.replacing("grace: 300ms", with: "grace: 100s")
        try Scene.run(slow, files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Deaf", "a"))
            eventually(within: 30, "it runs") { scene.starts("a") == 1 }
            let (status, output) = cancel(scene, "a", "--wait", "100ms")
            #expect(status == 75, "\(output)")
            #expect(output.contains("told to end, and still held by"))
            let worker = try #require(scene.daemon.workers.first)
            kill(worker, SIGKILL)
            eventually(within: 30, "whoever fetches it again cancels it") {
                (try? scene.jobs.object("a", in: "dead")) != nil
            }
            #expect(try scene.jobs.object("a", in: "dead")?["error_class"] as? String == "Cancelled")
            #expect(scene.starts("a") == 1)
            // Put back, as by a dashboard, it runs: the request went with the job.
            #expect(try scene.jobs.call("EXISTS", "martlet:cancel").integer == 0)
        }
    }

    @Test("what cannot be asked is a mistake of the command line", arguments: [[], ["a", "--wait", "soon"], [""]])
    func usage(arguments: [String]) throws {
        try Scene.run(Self.configuration, files: Self.files, starting: false) { scene in
            #expect(scene.daemon.martlet(["jobs", "cancel"] + arguments).code == 64)
        }
    }
}
