import Glibc
import Redis
import TestSupport
import Testing

@Suite("Every server that is found: the installed one, Valkey, other versions of Redis")
struct EveryServerTests {
    private static let configuration = """
        concurrency: 4
        timeout: 5
        handlers:
          served: { command: [./serve.py], classes: [Work, Fail, Snooze, Sleep, Push], mode: serve }
          spawned: { command: [./ledger.sh], classes: [Child] }
          long: { command: [./sleep.sh, "1000"], classes: [Long] }
        """

    @Test(
        "jobs are done, retried, promoted, snoozed, buried, rescued and cancelled, and nothing is refused",
        arguments: [RedisProgram.standard] + RedisProgram.others)
    func everything(program: String) throws {
        try Scene.run(Self.configuration, program: program) { scene in
            let jobs = scene.jobs
            eventually(within: 30, "the worker listens") { scene.daemon.log.contains("ready") }
            try jobs.push(Jobs.payload("Work", "first"))
            try jobs.call("ZADD", "schedule", "1", Jobs.payload("Work", "scheduled"))
            try jobs.push(Jobs.payload("Push", "parent", args: #"[{"class":"Child","args":[],"jid":"child"}]"#))
            try jobs.push(Jobs.payload("Snooze", "snoozed", args: "[3600]"))
            try jobs.push(#"{"class":"Fail","args":[],"jid":"buried","retry":0,"backtrace":true}"#)
            try jobs.push(Jobs.payload("Fail", "failed"))
            try jobs.push("no job at all")
            eventually(within: 30, "what can be done is done") {
                Set(scene.done).isSuperset(of: ["first", "scheduled", "parent", "child"])
            }
            try eventually(within: 30, "the others lie where they should") {
                try jobs.members(of: "schedule").count == 1 && jobs.members(of: "retry").count == 1
                    && jobs.members(of: "dead").count == 2
            }

            // Rescue: its lease is gone with its process.
            try jobs.push(Jobs.payload("Long", "long"))
            eventually(within: 30, "a long job runs") { scene.starts("long") == 1 }
            for worker in scene.daemon.workers { kill(worker, SIGKILL) }
            eventually(within: 30, "it runs again") { scene.starts("long") == 2 }

            let cancelled = scene.daemon.martlet(["jobs", "cancel", "long", "snoozed", "failed", "--wait", "30s"])
            #expect(cancelled.code == 0, "\(cancelled.output)\(cancelled.errors)")
            try eventually(within: 30, "all that was cancelled is buried") {
                try jobs.members(of: "dead").count == 5
            }

            let status = scene.daemon.martlet(["status"])
            #expect(status.code == 0, "\(status.output)\(status.errors)")
            let check = scene.daemon.martlet(["check"])
            #expect(check.code == 0, "\(check.output)\(check.errors)")
            let facts = try ServerFacts.read(jobs.redis)
            #expect(check.output.contains(facts.product), "it says which server it is: \(check.output)")
            #expect(!scene.daemon.log.contains("refuses"), "\(scene.daemon.log)")
            try scene.finish(leaving: ["dead"])
        }
    }
}
