import Foundation
import Glibc
import Platform
import TestSupport
import Testing

@Suite("A job that hangs is seen")
struct SlowRunTests {
    /// They write their pids beside the jid, and never end.
    private static let files = [
        "hang.sh": "#!/bin/sh\necho \"start $MARTLET_CLASS $MARTLET_JID $$\" >> ledger\nexec sleep 1000\n",
        "deaf.sh": "#!/bin/sh\ntrap '' TERM\necho \"start $MARTLET_CLASS $MARTLET_JID $$\" >> ledger\n"
            + "while :; do sleep 1000; done\n",
        "unready.sh": "#!/bin/sh\nexec sleep 1000\n",
        "hang.py": """
        #!/usr/bin/python3
        import json, os, time
        ledger = os.open("ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(4, b'{"ready":true}\\n')
        for line in os.fdopen(3, "rb"):
            message = json.loads(line)
            if "run" not in message: break
            job = message["job"]
            os.write(ledger, f"start {job['class']} {job['jid']} {os.getpid()}\\n".encode())
            time.sleep(1000)
        """,
    ]

    @Test("in the log, in status, at SIGTTIN and in systemd's status line, with the pid; other slots go on")
    func hanging() throws {
        let configuration = """
            concurrency: 3
            timeout: 0
            slow: 1s
            handlers:
              spawned: { command: [./hang.sh], classes: [HangSpawn] }
              served: { command: [./hang.py], classes: [HangServe], mode: serve }
              patient: { command: [./sleep.sh, "2.5"], classes: [Patient], slow: 0 }
              quick: { command: [./ledger.sh], classes: [Quick] }
            """
        let socket = try NotifySocket()
        try Scene.run(configuration, files: Self.files, environment: ["NOTIFY_SOCKET=\(socket.path)"]) { scene in
            try scene.jobs.push(Jobs.payload("HangSpawn", "hs"), Jobs.payload("HangServe", "hv"))
            eventually(within: 30, "both run") { scene.ledger.count == 2 }
            let pids = ["hs": try scene.pid(of: "hs"), "hv": try scene.pid(of: "hv")]
            try scene.jobs.push(Jobs.payload("Patient", "p"))

            for (jid, pid) in pids {
                eventually(within: 20, "the log names the job and its process") {
                    scene.slowLines(jid).contains { $0.contains("handler_pid=\(pid) ") && $0.contains("queue=default") }
                }
            }
            eventually(within: 20, "it says so again, after twice the time") { scene.slowLines("hs").count >= 2 }
            #expect(scene.slowLines("hs")[0].contains("no timeout"))

            eventually(within: 20, "status shows which they are, the longest running first") {
                let jobs = scene.runningJobs().filter { $0.slow }
                return jobs.count == 2 && jobs.allSatisfy { $0.handlerPid == pids[$0.jid] && $0.state == "running" }
                    && jobs.map(\.runAt) == jobs.map(\.runAt).sorted()
            }
            let page = scene.daemon.martlet(["status"]).output
            #expect(page.contains("slow 2"))
            #expect(page.split(separator: "\n").contains { $0.contains("hs ") && $0.contains(" slow ") })
            eventually(within: 20, "systemd's status line counts them") {
                socket.received.contains { $0.hasPrefix("STATUS=") && $0.contains("2 slow") }
            }
            scene.daemon.signal(.ttin)
            eventually(within: 20, "SIGTTIN shows them") {
                pids.allSatisfy { jid, pid in
                    scene.daemon.lines(of: "log").contains {
                        $0.contains("slot ") && $0.contains("is running, slow") && $0.contains("jid=\(jid) ")
                            && $0.contains("handler_pid=\(pid) ")
                    }
                } && scene.daemon.log.contains("2 slow")
            }

            eventually(within: 30, "a handler's own limit holds for its jobs") { scene.done.contains("p") }
            #expect(scene.slowLines("p").isEmpty)
            try scene.jobs.push(Jobs.payload("Quick", "q1"), Jobs.payload("Quick", "q2"))
            eventually(within: 30, "other slots go on") { scene.ends("q1") == 1 && scene.ends("q2") == 1 }

            kill(try scene.pid(of: "hs"), SIGTERM)
            eventually(within: 20, "the end of a slow run is told, once") {
                scene.daemon.lines(of: "log").count { $0.contains("a slow run ended after") && $0.contains("jid=hs") }
                    == 1
            }
            eventually(within: 20, "and status knows") { scene.runningJobs().map(\.jid) == ["hv"] }
            try scene.finish(leaving: ["queue:default", "retry"])
        }
    }

    @Test("what keeps it is told: no process of its handler, or one that does not end when it is told to")
    func states() throws {
        let configuration = """
            concurrency: 2
            timeout: 0
            slow: 1500ms
            handlers:
              deaf: { command: [./deaf.sh], classes: [Deaf], timeout: 500ms, grace: 60s }
              unready: { command: [./unready.sh], classes: [Unready], mode: serve }
            """
        try Scene.run(configuration, files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Deaf", "d"), Jobs.payload("Unready", "u"))
            eventually(within: 30, "the log says what each waits for") {
                scene.slowLines("d").contains { $0.contains("was told to end and is still running") }
                    && scene.slowLines("u").contains { $0.contains("has been waiting for a process of its handler") }
            }
            eventually(within: 20, "status says so too") {
                let states = Dictionary(scene.runningJobs().map { ($0.jid, $0.state) }) { first, _ in first }
                return states == ["d": "ending", "u": "waiting"]
            }
            scene.daemon.signal(.ttin)
            eventually(within: 20, "and SIGTTIN") {
                scene.daemon.log.contains("was told to end and is still running, slow")
                    && scene.daemon.log.contains("waits for a process of its handler, slow")
            }
            // The timeout has failed it; a stop changes nothing of that.
            try scene.finish(leaving: ["queue:default", "retry"])
        }
    }
}

/// What `martlet status --json` says of a running job.
private struct RunningJob: Decodable {
    let jid: String
    let state: String
    let slow: Bool
    let handlerPid: Int32?
    let runAt: Double
}

extension Scene {
    /// The pid that a handler of these tests wrote down.
    fileprivate func pid(of jid: String) throws -> Int32 {
        let line = ledger.first { $0.split(separator: " ").dropFirst(2).first == Substring(jid) }
        return try #require(line?.split(separator: " ").last.flatMap { Int32($0) })
    }

    fileprivate func slowLines(_ jid: String) -> [String] {
        daemon.lines(of: "log").filter { $0.contains(" slow: ") && $0.contains("jid=\(jid) ") }
    }

    fileprivate func runningJobs() -> [RunningJob] {
        struct Status: Decodable {
            struct Process: Decodable { let jobs: [RunningJob] }
            let processes: [Process]
        }
        let output = daemon.martlet(["status", "--json"]).output
        // A worker that has just begun has said nothing yet.
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let status = try? decoder.decode(Status.self, from: Data(output.utf8))
        return status?.processes.flatMap(\.jobs) ?? []
    }
}
