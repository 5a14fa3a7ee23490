import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Operating jobs, queues and processes from the command line")
struct OperateTests {
    private static let configuration = """
        concurrency: 2
        timeout: 1
        tag: shop
        labels: [blue]
        queues: [default]
        handlers:
          long: { command: [./sleep.sh, "1000"], classes: [Long] }
        """

    /// Nothing runs; jobs lie in every place.
    private func withJobs(_ body: (Scene) throws -> Void) throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            try scene.jobs.push(
                Jobs.payload("Mail", "q1", args: "[1.0,12345678901234567890]"), Jobs.payload("Report", "q2"),
                Jobs.payload("Mail", "q3"))
            let failed = #","retry_count":1,"error_class":"Net::Timeout","error_message":"too\nlate","tags":["eu"]"#
            for (set, score, jid) in [
                ("retry", "4000000000.5", "r1"), ("schedule", "4000000001", "s1"), ("dead", "1763791200.25", "d1"),
            ] {
                let payload = Jobs.payload("Mail", jid, more: set == "schedule" ? "" : failed)
                try scene.jobs.call("ZADD", set, score, payload)
            }
            try body(scene)
        }
    }

    private func json(_ run: Program, _ name: String) throws -> [[String: Any]] {
        let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        return try #require(object?[name] as? [[String: Any]], "\(run.output) \(run.errors)")
    }

    private func jids(_ run: Program) throws -> [String] { try json(run, "jobs").map { $0["jid"] as? String ?? "" } }

    @Test("jobs list: what is fetched or due next first, a part of it, by class, error, tag and time")
    func list() throws {
        try withJobs { (scene: Scene) throws in
            let martlet = { (arguments: [String]) in scene.daemon.martlet(arguments) }
            let queue = martlet(["jobs", "list", "default", "--json"])
            #expect(try jids(queue) == ["q1", "q2", "q3"])
            #expect(queue.output.contains(#""args":[1.0,12345678901234567890]"#), "numbers are as they came")
            let first = try #require(json(queue, "jobs").first)
            #expect(Set(first.keys) == ["place", "jid", "class", "queue", "time", "job"])
            #expect(
                try jids(martlet(["jobs", "list", "queue:default", "--json", "--reverse", "--limit", "1"])) == ["q3"])
            #expect(try jids(martlet(["jobs", "list", "default", "--json", "--offset", "1"])) == ["q2", "q3"])
            #expect(try jids(martlet(["jobs", "list", "default", "--json", "--class", "Ma*"])) == ["q1", "q3"])
            for filter in [
                ["--error", "Net::*"], ["--tag", "eu"], ["--since", "2090-01-01"], ["--match", "too\\nlate"],
            ] {
                #expect(try jids(martlet(["jobs", "list", "retry", "--json"] + filter)) == ["r1"], "\(filter)")
            }
            for filter in [
                ["--error", "Net"], ["--tag", "us"], ["--until", "2090-01-01"], ["--since", "0ms", "--until", "1h"],
            ] {
                #expect(try jids(martlet(["jobs", "list", "retry", "--json"] + filter)) == [], "\(filter)")
            }
            let table = martlet(["jobs", "list", "dead"]).output
            #expect(table.contains("1763791200.25-d1") && table.contains(#"Net::Timeout: too\nlate"#))
            #expect(martlet(["jobs", "list", "nobody"]).output == "no jobs\n")
        }
    }

    @Test(
        "jobs show: by jid or key, with every member, the backtrace in clear, the next run and how far it has iterated")
    func show() throws {
        try withJobs { (scene: Scene) throws in
            // ["a.rb:1", "b.rb:2"], by Ruby's zlib, in lines as Sidekiq up to 7.2 writes it.
            let trace = #","error_backtrace":"eJyLVkrUK0qyMlTSUUoCMYyUYgEzOAUL\n","extra":"x\u001b[31m""#
            try scene.jobs.call("ZADD", "dead", "7.5", Jobs.payload("Traced", "t1", more: trace))
            try scene.jobs.call("HSET", "it-r1", "ex", "3", "c", #"{"page":4}"#, "rt", "1.5", "cancelled", "1763791200")
            let page = scene.daemon.martlet(["jobs", "show", "7.5-t1"])
            #expect(page.code == 0)
            #expect(
                page.output.contains("dead set") && page.output.contains("    a.rb:1\n    b.rb:2"), "\(page.output)")
            #expect(page.output.contains(#"x\u{1b}[31m"#), "what others wrote does not reach the terminal")
            let traced = try #require(json(scene.daemon.martlet(["jobs", "show", "t1", "--json"]), "jobs").first)
            #expect(traced["backtrace"] as? [String] == ["a.rb:1", "b.rb:2"])
            let retried = try #require(json(scene.daemon.martlet(["jobs", "show", "r1", "--json"]), "jobs").first)
            #expect(retried["place"] as? String == "retry" && retried["next_run"] as? Double == 4_000_000_000.5)
            let iteration = try #require(retried["iteration"] as? [String: Any])
            #expect(
                iteration["executions"] as? Int == 3 && (iteration["cursor"] as? [String: Any])?["page"] as? Int == 4)
            #expect(iteration["cancelled"] as? Int == 1_763_791_200)
            let text = scene.daemon.martlet(["jobs", "show", "4000000000.5-r1"]).output
            #expect(text.contains("2096-10-02T07:06:40.500Z") && text.contains("Net::Timeout"), "\(text)")
            #expect(scene.daemon.martlet(["jobs", "show", "nobody"]).code == 65)
        }
    }

    @Test("jobs search: a text in the JSON of jobs, wherever they are")
    func search() throws {
        try withJobs { (scene: Scene) throws in
            let all = scene.daemon.martlet(["jobs", "search", #""class":"Mail""#, "--json"])
            #expect(try Set(jids(all)) == ["q1", "q3", "r1", "s1", "d1"])
            #expect(try jids(scene.daemon.martlet(["jobs", "search", "Mail", "--in", "dead", "--json"])) == ["d1"])
            #expect(scene.daemon.martlet(["jobs", "search", "Nobody"]).code == 65)
        }
    }

    @Test("jobs retry, kill, delete, move and reschedule: by jid or key, each told of, 65 if one cannot be")
    func single() throws {
        try withJobs { (scene: Scene) throws in
            let martlet = { (arguments: [String]) in scene.daemon.martlet(arguments) }
            let retry = martlet(["jobs", "retry", "r1", "1763791200.25-d1", "s1", "q2", "nobody"])
            #expect(retry.code == 65)
            #expect(
                retry.output.contains("r1: retried, from the retry set") && retry.output.contains("q2: not retried"))
            #expect(retry.output.contains("nobody: not found"))
            #expect(try scene.jobs.texts().count == 6)
            let pushed = try #require(scene.jobs.texts().first { $0.contains(#""r1""#) })
            #expect(pushed.contains(#""retry_count":0"#) && !pushed.contains(#""enqueued_at":1763791200000"#))

            #expect(martlet(["jobs", "kill", "q1"]).code == 0)
            #expect(
                try scene.jobs.members(of: "dead").map { Jobs.text($0.payload) } == [
                    Jobs.payload("Mail", "q1", args: "[1.0,12345678901234567890]")
                ])
            #expect(martlet(["jobs", "kill", "q1"]).code == 65, "it is dead already")
            let deleted = martlet(["jobs", "delete", "q1", "q3", "--json"])
            #expect(try json(deleted, "jobs").map { $0["result"] as? String } == ["deleted", "deleted"])
            #expect(try scene.jobs.members(of: "dead").isEmpty)
            #expect(martlet(["jobs", "move", "q2", "--to", "low"]).code == 0)
            #expect(try scene.jobs.texts("low") == [Jobs.payload("Report", "q2", queue: "low")])

            try scene.jobs.call("ZADD", "schedule", "4000000001", Jobs.payload("Mail", "s2"))
            #expect(martlet(["jobs", "reschedule", "s2", "--at", "2033-05-18T03:33:20Z"]).code == 0)
            #expect(try scene.jobs.score("s2", in: "schedule") == 2_000_000_000)
            #expect(martlet(["jobs", "reschedule", "q2", "--in", "5m"]).code == 65)
        }
    }

    @Test("in bulk nothing is done without --yes, and it is said how much it would be; --dry-run lists it")
    func bulk() throws {
        try withJobs { (scene: Scene) throws in
            let martlet = { (arguments: [String]) in scene.daemon.martlet(arguments) }
            let bulk = ["jobs", "delete", "--in", "default", "--class", "Mail"]
            let asked = martlet(bulk)
            #expect(asked.code == 64 && asked.errors.contains("2 jobs would be deleted"), "\(asked.errors)")
            #expect(try jids(martlet(bulk + ["--dry-run", "--json"])) == ["q1", "q3"])
            #expect(try scene.jobs.texts().count == 3)
            #expect(martlet(bulk + ["--yes"]).output == "deleted 2 jobs\n")
            #expect(try scene.jobs.texts().count == 1)
            let retry = martlet([
                "jobs", "retry", "--in", "dead", "--older-than", "1d", "--error", "Net::Timeout", "--yes", "--json",
            ])
            #expect(retry.output == "{\"retried\":1,\"gone\":0,\"left\":0}\n")
            #expect(
                martlet(["jobs", "kill", "--in", "schedule", "--older-than", "9000d", "--yes"]).output
                    == "killed 0 jobs\n")
            try scene.jobs.call("ZADD", "dead", "9e9", "no job")
            let left = martlet(["jobs", "retry", "--in", "dead", "--yes"])
            #expect(left.code == 65 && left.errors.contains("left 1 where they were: it is no job"))
        }
    }

    @Test("queues: listed, shown, moved in order, cleared with their name")
    func queues() throws {
        try withJobs { (scene: Scene) throws in
            let martlet = { (arguments: [String]) in scene.daemon.martlet(arguments) }
            let list = try #require(json(martlet(["queues", "list", "--json"]), "queues").first)
            #expect(
                list["name"] as? String == "default" && list["size"] as? Int == 3 && list["paused"] as? Bool == false)
            #expect((list["latency"] as? Double ?? 0) > 1)
            #expect(
                try jids(martlet(["queues", "show", "default", "--newest", "--limit", "2", "--json"])) == ["q3", "q2"])
            #expect(martlet(["queues", "move", "default", "low", "--limit", "2"]).code == 64)
            #expect(martlet(["queues", "move", "default", "low", "--limit", "2", "--yes"]).output == "moved 2 jobs\n")
            #expect(try jids(martlet(["queues", "show", "low", "--json"])) == ["q1", "q2"])
            #expect(martlet(["queues", "clear", "low"]).code == 64)
            #expect(try scene.jobs.queue("low").count == 2)
            #expect(martlet(["queues", "clear", "low", "--yes"]).output == "deleted 2 jobs\n")
            #expect(try scene.jobs.call("SMEMBERS", "queues").elements?.compactMap(\.text) == ["default"])
        }
    }

    @Test("a paused queue is one that Sidekiq's set says is paused")
    func pause() throws {
        try withJobs { (scene: Scene) throws in
            let martlet = { (arguments: [String]) in scene.daemon.martlet(arguments) }
            #expect(martlet(["queues", "pause", "default"]).output == "default: paused\n")
            #expect(martlet(["queues", "pause", "default"]).output == "default: was paused already\n")
            #expect(try scene.jobs.call("SISMEMBER", "paused", "default").integer == 1)
            #expect(martlet(["queues", "list"]).output.contains("paused"))
            #expect(martlet(["queues", "resume", "default"]).output == "default: resumed\n")
            #expect(try scene.jobs.call("EXISTS", "paused").integer == 0)
        }
    }

    @Test("processes of Martlet and of Sidekiq are listed, by the words of their records")
    func processes() throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            let martlet = { (arguments: [String]) in scene.daemon.martlet(arguments) }
            let info =
                #"{"hostname":"ruby1","pid":7,"tag":"app","labels":["red"],"queues":["q"],"concurrency":5,"#
                + #""identity":"ruby1:7:0123456789ab","version":"7.3.10","started_at":1763791200.5,"embedded":false}"#
            let embedded = info.replacing("ruby1", with: "ruby2").replacing(
                #""embedded":false"#, with: #""embedded":true"#)
            for (identity, info) in [("ruby1:7:0123456789ab", info), ("ruby2:7:0123456789ab", embedded)] {
                try scene.jobs.call("SADD", "processes", identity)
                try scene.jobs.call(
                    "HSET", identity, "info", info, "busy", "2", "beat", "1763791201", "quiet", "false", "rss", "2048")
            }
            try scene.jobs.call("SET", "dear-leader", "ruby1:7:0123456789ab")
            let list = try json(martlet(["processes", "list", "--json"]), "processes")
            try #require(list.count == 2)
            #expect(
                Set(list[0].keys) == [
                    "identity", "hostname", "pid", "tag", "labels", "version", "queues", "concurrency", "busy",
                    "rss_kb",
                    "started_at", "beat", "quiet", "leader",
                ])
            #expect(list[0]["leader"] as? Bool == true && list[0]["version"] as? String == "7.3.10")
            #expect(martlet(["processes", "show", "ruby1:7"]).output.contains("2 of 5"))

            let told = martlet(["processes", "quiet", "ruby1"])
            #expect(told.code == 0 && told.output.contains("at its next heartbeat"), "\(told.errors)")
            #expect(
                try scene.jobs.call("LRANGE", "ruby1:7:0123456789ab-signals", "0", "-1").elements?.compactMap(\.text)
                    == ["TSTP"])
            #expect(martlet(["processes", "stop", "ruby1", "--wait", "100ms"]).code == 75)
            #expect(martlet(["processes", "dump", "ruby2:7"]).code == 65, "an embedded one takes no orders")
            let unclear = martlet(["processes", "quiet", "ruby"])
            #expect(unclear.code == 65 && unclear.errors.contains("say more of it"))
            #expect(martlet(["processes", "quiet", "nobody"]).code == 65)
            let all = martlet(["processes", "stop", "--all"])
            #expect(all.code == 64 && all.errors.contains("2 processes would be told"))
        }
    }

    @Test("a worker that is told so goes quiet, and a job it runs is refused with words that say what ends it")
    func running() throws {
        try Scene.run(Self.configuration) { scene in
            let martlet = { (arguments: [String]) in scene.daemon.martlet(arguments) }
            try scene.jobs.push(Jobs.payload("Long", "held"))
            try eventually(within: 30, "it is fetched") { try scene.jobs.reserved() == 1 }
            #expect(try jids(martlet(["jobs", "list", "running", "--json"])) == ["held"])
            let refused = martlet(["jobs", "delete", "held"])
            #expect(refused.code == 65 && refused.output.contains("`martlet jobs cancel held` ends it"))
            #expect(martlet(["jobs", "show", "held"]).output.contains("process "))
            try eventually(within: 30, "it has a record") { try scene.jobs.call("SCARD", "processes").integer == 1 }
            let quiet = martlet(["processes", "quiet", "--all", "--yes", "--wait", "50s"])
            #expect(quiet.code == 0 && quiet.output.hasSuffix(": quiet\n"), "\(quiet.output) \(quiet.errors)")
            let show = martlet(["processes", "show", String(quiet.output.prefix { $0 != " " }.dropLast())])
            #expect(show.output.contains("quiet") && show.output.contains("held"), "\(show.output)")
            #expect(martlet(["jobs", "cancel", "held"]).code == 0)
        }
    }

    @Test(
        "what cannot be asked is a mistake of the command line",
        arguments: [
            ["jobs", "delete"], ["jobs", "delete", "a", "--in", "dead"], ["jobs", "delete", "a", "--yes"],
            ["jobs", "kill", "--in", "running"], ["jobs", "retry", "--in", "dead", "--older-than", "soon"],
            ["jobs", "move", "a"], ["jobs", "reschedule", "a"], ["jobs", "reschedule", "a", "--in", "5m", "--at", "7"],
            ["jobs", "list"], ["jobs", "list", "dead", "--limit", "-1"], ["jobs", "list", "dead", "--since", "soon"],
            ["jobs", "search", ""], ["queues", "move", "a", "a"], ["queues", "pause"], ["processes", "quiet"],
            ["processes", "stop", "a", "--all"], ["processes", "stop", "a", "--wait", "soon"], ["processes", "show"],
        ])
    func usage(arguments: [String]) throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            #expect(scene.daemon.martlet(arguments).code == 64)
        }
    }

    @Test("the shipped user may do all of it")
    func accessList() throws {
        let server = RedisServer()
        defer { server.stop() }
        _ = try server.admit()
        let jobs = try Jobs(server)
        for jid in ["a", "b", "c"] { try jobs.push(Jobs.payload("Mail", jid)) }
        let place = TemporaryDirectory()
        func martlet(_ arguments: String...) -> Int32? {
            Program.run(
                [Program.martlet] + arguments + ["--redis", "unix://martlet:secret@\(server.socketPath)"],
                directory: place.path
            ).code
        }
        #expect(martlet("jobs", "kill", "a") == 0)
        #expect(martlet("jobs", "retry", "a") == 0)
        #expect(martlet("jobs", "delete", "--in", "default", "--class", "Mail", "--yes") == 0)
        #expect(martlet("jobs", "show", "a") == 65)
        #expect(martlet("jobs", "search", "x") == 65)
        #expect(martlet("queues", "list") == 0)
        #expect(martlet("queues", "pause", "default") == 0)
        #expect(martlet("queues", "resume", "default") == 0)
        #expect(martlet("queues", "clear", "default", "--yes") == 0)
        #expect(martlet("processes", "list") == 0)
        #expect(try server.denials() == [])
    }
}
