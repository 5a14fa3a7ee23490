import Glibc
import Platform
import Redis
import TestSupport
import Testing

@Suite("Redis with an access list")
struct AccessListTests {
    private func configuration(_ server: RedisServer, _ user: String = "martlet") -> String {
        """
        redis: unix://\(user):secret@\(server.socketPath)
        concurrency: 5
        timeout: 5
        max_retries: 3
        handlers:
          served: { command: [./serve.py], classes: ["*"], mode: serve }
        """
    }

    @Test("the shipped user is enough for all that a daemon does, from the first job to the last word")
    func daemon() throws {
        let server = RedisServer()
        _ = try server.admit()
        let daemon = Daemon(configuration(server), server: nil, files: Programs.all)
        defer {
            daemon.end()
            server.stop()
        }
        let jobs = try Jobs(server)
        try jobs.push(
            Jobs.payload("Work", "done"), Jobs.payload("Fail", "retried"), Jobs.payload("Dead", "buried"),
            Jobs.payload("Snooze", "snoozed", args: "[3600]"),
            Jobs.payload("Push", "parent", args: #"[{"class":"Work","args":[],"jid":"child"}]"#),
            Jobs.payload("Sleep", "killed", args: "[1]"), "no job at all")
        try jobs.call("ZADD", "schedule", "1", Jobs.payload("Work", "scheduled"))
        daemon.start()
        func done() -> Set<String> {
            Set(daemon.lines(of: "ledger").filter { $0.hasPrefix("end ") }.map { String($0.split(separator: " ")[2]) })
        }
        // A worker that is killed has its jobs rescued, a right of the scheduler's.
        eventually(within: 30, "the long job runs") { daemon.lines(of: "ledger").contains("start Sleep killed 1") }
        for pid in daemon.workers { kill(pid, SIGKILL) }
        eventually(within: 60, "all are done: \(daemon.log.suffix(2000))") {
            done().isSuperset(of: ["done", "child", "parent", "scheduled", "killed"])
        }
        try eventually(within: 30, "the others lie where they belong") {
            try jobs.object("retried", in: "retry") != nil && jobs.object("buried", in: "dead") != nil
                && jobs.object("snoozed", in: "schedule") != nil && jobs.reserved() == 0
        }
        try eventually(within: 30, "the dashboard sees the process") {
            try jobs.call("SCARD", "processes").integer == 1
        }
        #expect(daemon.martlet(["status", "--json"]).code == 0)
        #expect(daemon.martlet(["check"]).code == 0)
        #expect(daemon.stop() == .exited(0), "\(daemon.log.suffix(3000))")
        #expect(try server.denials() == [])
    }

    @Test("a user that lacks something is told so by check, and what it is")
    func lacking() throws {
        let server = RedisServer()
        _ = try server.admit(moreRules: ["-hset", "-client|tracking"])
        let daemon = Daemon(configuration(server), server: nil, files: Programs.all)
        defer {
            daemon.end()
            server.stop()
        }
        let check = daemon.martlet(["check"])
        #expect(check.code == 69)
        #expect(check.errors.contains("the user martlet lacks the command CLIENT TRACKING, the command HSET;"))
    }

    @Test("a producer's user is enough for martlet push")
    func push() throws {
        let server = RedisServer()
        _ = try server.admit("martlet-push")
        let daemon = Daemon(configuration(server, "martlet-push"), server: nil, files: Programs.all)
        defer {
            daemon.end()
            server.stop()
        }
        let push = daemon.martlet(["push", "Work", "1"])
        #expect(push.code == 0, "\(push.errors)")
        #expect(try Jobs(server).queue().count == 1)
    }
}
