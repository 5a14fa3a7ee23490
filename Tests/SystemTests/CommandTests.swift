import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Commands")
struct CommandTests {
    static let configuration = """
        concurrency: 2
        timeout: 3
        tag: shop
        labels: [blue]
        queues: [default, low]
        handlers:
          spawned: { command: [./ledger.sh], classes: [Job] }
          long: { command: [./sleep.sh, "1000"], classes: [Long] }
        """

    /// The one payload in a queue, decoded; nothing runs.
    private func pushed(_ arguments: [String], to queue: String = "default") throws -> [String: Any] {
        var object: [String: Any] = [:]
        try Scene.run(Self.configuration, starting: false) { scene in
            let push = scene.daemon.martlet(["push"] + arguments)
            #expect(push.code == 0, "\(push.errors)")
            let payloads = try scene.jobs.queue(queue)
            #expect(payloads.count == 1)
            object = Jobs.object(payloads.first ?? [])
            #expect(push.output == "\(object["jid"] as? String ?? "no jid")\n", "push prints the jid and nothing else")
            #expect(try scene.jobs.call("SISMEMBER", "queues", queue).integer == 1)
        }
        return object
    }

    @Test("push: each argument is JSON, or else a string")
    func push() throws {
        let object = try pushed(["Job", "42", #"{"format":"pdf"}"#, "tomorrow", "[1.0]", "true", "null"])
        let args = object["args"] as? [Any] ?? []
        try #require(args.count == 6)
        #expect(args[0] as? Int == 42 && args[2] as? String == "tomorrow" && args[5] is NSNull)
        #expect(object["class"] as? String == "Job" && object["queue"] as? String == "default")
        #expect(object["retry"] as? Bool == true)
        #expect((object["jid"] as? String)?.count == 24)
        #expect(object["created_at"] is Int && object["enqueued_at"] is Int)
    }

    @Test("push --queue and --retry")
    func pushOptions() throws {
        let object = try pushed(["Job", "--queue", "low", "--retry", "3"], to: "low")
        #expect(object["queue"] as? String == "low" && object["retry"] as? Int == 3)
        #expect((object["args"] as? [Any])?.isEmpty == true)
    }

    @Test("push --in and --at schedule")
    func pushLater() throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            let now = try scene.jobs.now()
            #expect(scene.daemon.martlet(["push", "Job", "--in", "5m"]).code == 0)
            #expect(scene.daemon.martlet(["push", "Job", "--at", "2033-05-18T03:33:20Z"]).code == 0)
            let scheduled = try scene.jobs.members(of: "schedule")
            try #require(scheduled.count == 2)
            // Until the end of a test's longest pause.
            #expect((now + 299...now + 360).contains(scheduled[0].score))
            #expect(scheduled[1].score == 2_000_000_000)
            #expect(Jobs.object(scheduled[0].payload)["enqueued_at"] == nil)
            #expect(try scene.jobs.queue().isEmpty)
        }
    }

    @Test("where Redis is named, push, status and jobs cancel need no file; a file that is named has to be there")
    func noFile() throws {
        let server = RedisServer()
        defer { server.stop() }
        let (place, url) = (TemporaryDirectory(), "unix://\(server.socketPath)")
        func martlet(_ arguments: String..., environment: String...) -> Program {
            Program.run(
                [Program.martlet] + arguments, environment: Program.cleanEnvironment + environment,
                directory: place.path)
        }
        #expect(martlet("push", "Job", "1", "--redis", url).code == 0)
        let jid = martlet("push", "Job", "2", environment: "MARTLET_REDIS=\(url)").output
        #expect(try Jobs(server).queue().count == 2)
        #expect(martlet("status", environment: "REDIS_URL=\(url)").output.contains("default"))
        let cancel = martlet("jobs", "cancel", String(jid.dropLast()), "--redis", url)
        #expect(cancel.code == 0, "\(cancel.errors)")

        #expect(martlet("push", "Job", "-C", "none.yml", "--redis", url).code == 78)
        #expect(martlet("push", "Job").code == 78)
        #expect(martlet("push", "Job", environment: "MARTLET_REDIS=").code == 78)
        #expect(martlet("push", "Job", "--redis", "nonsense").code == 78)
        #expect(try Jobs(server).queue().count == 1)
    }

    @Test("push --from -: one job a line; a bad line is reported with its number and left out, exit 65")
    func pushMany() throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            let lines = #"""
                {"class":"Job","args":[1.0]}
                {"class":"Job","args":
                {"args":[]}

                {"class":"Job","args":[2],"queue":"low"}
                {"class":"Job","args":[3],"at":4000000000}
                """#
            let push = scene.daemon.martlet(["push", "--from", "-"], input: lines)
            #expect(push.code == 65)
            #expect(push.output.split(separator: "\n").count == 3)
            #expect(push.errors.contains("-:2: ") && push.errors.contains("-:3: "))
            let first = try scene.jobs.texts().first
            #expect(first?.contains(#""args":[1.0]"#) == true)
            #expect(try scene.jobs.queue("low").count == 1)
            #expect(try scene.jobs.members(of: "schedule").map(\.score) == [4_000_000_000])

            let many = (0..<2500).map { #"{"class":"Job","args":[\#($0)]}"# }.joined(separator: "\n")
            scene.daemon.write(many, to: "jobs.ndjson")
            let bulk = scene.daemon.martlet(["push", "--from", scene.daemon.path("jobs.ndjson")])
            #expect(bulk.code == 0 && Set(bulk.output.split(separator: "\n")).count == 2500)
            #expect(try scene.jobs.queue().count == 2501)
        }
    }

    @Test("push: the jids of what Redis took are printed, also where it refused the rest")
    func pushPartly() throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            let redis = try scene.server.connect()
            _ = try redis.call(RedisCommand(["SET", "queue:bad", "text"])).accepted()
            let lines = #"""
                {"class":"Job","args":[1],"jid":"one"}
                {"class":"Job","args":[2],"jid":"two","queue":"bad"}
                {"class":"Job","args":[3],"jid":"three"}
                """#
            let push = scene.daemon.martlet(["push", "--from", "-"], input: lines)
            #expect(push.code == 69)
            #expect(push.output == "one\nthree\n")
            #expect(push.errors.contains("1 jobs for queue:bad not pushed: WRONGTYPE"))
            #expect(push.errors.contains("pushed 2 jobs"))
            #expect(try scene.jobs.queue().count == 2)

            // A job lies in its queue whether or not the queue is listed.
            _ = try redis.call(RedisCommand(["DEL", "queues"])).accepted()
            _ = try redis.call(RedisCommand(["SET", "queues", "text"])).accepted()
            let unlisted = scene.daemon.martlet(["push", "Job"])
            #expect(unlisted.code == 0 && !unlisted.output.isEmpty)
            #expect(unlisted.errors.contains("a queue is not listed"))
        }
    }

    @Test("push: what a worker would bury for its weight is refused; limits.payload says how much that is")
    func pushHeavy() throws {
        try Scene.run(Self.configuration + "\nlimits: { payload: 2KB, payload_warning: 1KB }\n", starting: false) {
            scene in
            let heavy = #"{"class":"Job","args":["\#(String(repeating: "x", count: 2000))"]}"#
            let push = scene.daemon.martlet(
                ["push", "--from", "-"], input: heavy + "\n" + #"{"class":"Job","args":[]}"#)
            #expect(push.code == 65 && push.errors.contains("-:1: "), "\(push.errors)")
            #expect(push.errors.contains("limits.payload allows, 2048"), "\(push.errors)")
            let queue = try scene.jobs.queue()
            #expect(queue.count == 1)
        }
    }

    @Test("an answer that cannot be written is no success: exit 74")
    func fullDisk() throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            let command = "exec \(Program.martlet) push -C \(scene.daemon.path("martlet.yml")) Job > /dev/full"
            let push = Program.run(["/bin/sh", "-c", command])
            #expect(push.code == 74)
            #expect(push.errors == "martlet: cannot write standard output: No space left on device\n")
            let many = (0..<2500).map { #"{"class":"Job","args":[\#($0)]}"# }.joined(separator: "\n")
            scene.daemon.write(many, to: "jobs.ndjson")
            let from = "exec \(Program.martlet) push -C \(scene.daemon.path("martlet.yml")) --from "
            let bulk = Program.run(["/bin/sh", "-c", from + scene.daemon.path("jobs.ndjson") + " > /dev/full"])
            #expect(bulk.code == 74 && bulk.errors == push.errors, "said once")
            let queue = try scene.jobs.queue()
            #expect(queue.count == 2501, "they were pushed all the same")
        }
    }

    @Test("wrong use of push is explained, exit 64; a Redis that is away is exit 69")
    func pushMistakes() throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            for arguments in [
                [], ["Job", "--in", "soon"], ["Job", "--from", "-"], ["Job", "--retry", "-1"], ["Job", "--wrong"],
            ] {
                let push = scene.daemon.martlet(["push"] + arguments)
                #expect(push.code == 64 && !push.errors.isEmpty, "\(arguments)")
            }
            let keys = try scene.jobs.keys()
            #expect(keys.isEmpty)
            scene.server.stop()
            let push = scene.daemon.martlet(["push", "Job"])
            #expect(push.code == 69 && push.errors.contains("redis.sock"))
        }
    }

    @Test("check proves a good configuration, down to the version of Redis")
    func check() throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            let check = scene.daemon.martlet(["check"])
            #expect(check.code == 0 && check.errors.isEmpty, "\(check.errors)")
            for text in ["no mistakes", "spawned", "noeviction", "redis.sock: "] {
                #expect(check.output.contains(text))
            }
        }
    }

    @Test("status shows queues, sets, processes and running jobs, for people and as JSON")
    func status() throws {
        try Scene.run(Self.configuration) { scene in
            try scene.jobs.push(Jobs.payload("Job", "done"), Jobs.payload("Long", "running"))
            eventually(within: 30, "one is done, the other runs") {
                scene.done == ["done"] && scene.starts("running") == 1
            }
            try scene.jobs.push(Jobs.payload("Other", "waiting"), queue: "unserved")
            try scene.jobs.call("ZADD", "schedule", "4000000000", Jobs.payload("Job", "later"))
            var json: [String: Any] = [:]
            eventually(within: 30, "the running job is shown") {
                json = Jobs.object(Array(scene.daemon.martlet(["status", "--json"]).output.utf8))
                let processes = json["processes"] as? [[String: Any]] ?? []
                return (processes.first?["jobs"] as? [Any])?.isEmpty == false
            }
            let process = (json["processes"] as? [[String: Any]])?.first ?? [:]
            #expect(process["concurrency"] as? Int == 2 && process["busy"] as? Int == 1)
            #expect(process["pid"] as? Int == scene.daemon.workers.first.map(Int.init))
            #expect(process["tag"] as? String == "shop" && process["labels"] as? [String] == ["blue"])
            let job = (process["jobs"] as? [[String: Any]])?.first ?? [:]
            #expect(job["class"] as? String == "Long" && job["jid"] as? String == "running")
            #expect(json["processed"] as? Int == 1 && json["failed"] as? Int == 0)
            #expect(json["scheduled"] as? Int == 1 && json["retry"] as? Int == 0 && json["dead"] as? Int == 0)
            let queues = json["queues"] as? [[String: Any]] ?? []
            let unserved = queues.first { $0["name"] as? String == "unserved" }
            #expect(unserved?["size"] as? Int == 1 && (unserved?["latency"] as? Double ?? 0) > 0)

            let text = scene.daemon.martlet(["status"]).output
            for word in ["QUEUE", "unserved", "scheduled 1", "Long", "running"] {
                #expect(text.contains(word), "\(word)")
            }
            try scene.finish(leaving: ["queue:default", "queue:unserved", "schedule"])
        }
    }

    @Test("--version and --help of every command")
    func help() {
        let version = Program.run([Program.martlet, "--version"])
        #expect(version.code == 0 && version.output.hasPrefix("martlet "))
        for command in ["run", "check", "push", "status", "advise"] {
            let help = Program.run([Program.martlet, command, "--help"])
            #expect(help.code == 0 && help.output.contains("USAGE: martlet \(command)"))
        }
        #expect(Program.run([Program.martlet, "fly"]).code == 64)
    }
}
