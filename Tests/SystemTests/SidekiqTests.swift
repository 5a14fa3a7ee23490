import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Sidekiq's own library reads and writes the same data", .enabled(if: Sidekiq.isInstalled))
struct SidekiqTests {
    static let configuration = """
        processes: 2
        concurrency: 3
        timeout: 3
        tag: shop
        labels: [blue]
        queues: [default: 2, low: 1]
        handlers:
          spawned: { command: [./exit.sh], classes: ["Exit*"] }
          long: { command: [./sleep.sh, "1000"], classes: [Long] }
        """

    @Test("a job that Sidekiq::Client pushes is done, now and later")
    func client() throws {
        try Scene.run(Self.configuration) { scene in
            let answer = scene.sidekiq(
                """
                now = Sidekiq::Client.push("class" => "Exit0", "args" => [1, 2.0, "é"])
                many = Sidekiq::Client.push_bulk("class" => "Exit0", "queue" => "low", "args" => [[1], [2], [3]])
                later = Sidekiq::Client.push("class" => "Exit0", "args" => [], "at" => Time.now.to_f + 1)
                {jids: [now, later] + many}
                """)
            let jids = answer["jids"] as? [String] ?? []
            #expect(jids.count == 5, "\(answer)")
            eventually(within: 30, "all of them have run") { jids.allSatisfy { scene.starts($0) == 1 } }
            try eventually(within: 30, "and are settled") { try scene.jobs.number("stat:processed") == 5 }
            try scene.finish()
        }
    }

    @Test("its API reads statistics, queues, sets, processes and running jobs")
    func api() throws {
        try Scene.run(Self.configuration) { scene in
            for jid in ["a", "b"] { try scene.jobs.push(Jobs.payload("Exit0", jid)) }
            try scene.jobs.push(
                Jobs.payload("Exit1", "f", more: #","backtrace":true"#), Jobs.payload("Exit65", "d"),
                Jobs.payload("Long", "l"))
            try eventually(within: 30, "all but the long job are settled") {
                try scene.jobs.number("stat:processed") == 4 && scene.starts("l") == 1
            }
            try scene.jobs.push(Jobs.payload("Other", "w"), queue: "unserved")
            try scene.jobs.call("ZADD", "schedule", "4000000000", Jobs.payload("Exit0", "s"))
            try eventually(within: 30, "the record shows the long job") {
                try scene.record("busy").contains("1")
            }
            let answer = scene.sidekiq(
                """
                stats = Sidekiq::Stats.new
                processes = Sidekiq::ProcessSet.new.map { |p| p }
                retried = Sidekiq::RetrySet.new.first
                {
                  processed: stats.processed, failed: stats.failed, scheduled: stats.scheduled_size,
                  retry: stats.retry_size, dead: stats.dead_size, queues: stats.queues,
                  today: Sidekiq::Stats::History.new(1).processed.values,
                  sizes: Sidekiq::ProcessSet.new.size,
                  processes: processes.map { |p| {
                    host: p["hostname"], pid: p["pid"], tag: p.tag, labels: p.labels, queues: p.queues,
                    concurrency: p["concurrency"], busy: p["busy"], quiet: p["quiet"], identity: p.identity,
                    started: p["started_at"], beat: p["beat"], rss: p["rss"] } },
                  working: Sidekiq::Workers.new.size,
                  running: Sidekiq::Workers.new.map { |_, _, work| [work["queue"], work["payload"]["class"]] },
                  error: retried.item["error_class"], message: retried.item["error_message"],
                  at: retried.at.to_f, jid: retried.jid, latency: Sidekiq::Queue.new("unserved").latency,
                  dead_jid: Sidekiq::DeadSet.new.first.jid
                }
                """)
            #expect(answer["processed"] as? Int == 4 && answer["failed"] as? Int == 2, "\(answer)")
            #expect(answer["today"] as? [Int] == [4])
            #expect(answer["scheduled"] as? Int == 1 && answer["retry"] as? Int == 1 && answer["dead"] as? Int == 1)
            #expect((answer["queues"] as? [String: Int])?["unserved"] == 1)
            #expect(answer["sizes"] as? Int == 2 && answer["working"] as? Int == 1)
            #expect(answer["running"] as? [[String]] == [["default", "Long"]])
            let processes = answer["processes"] as? [[String: Any]] ?? []
            #expect(Set(processes.compactMap { $0["pid"] as? Int }) == Set(scene.daemon.workers.map(Int.init)))
            for process in processes {
                #expect(process["host"] as? String == ProcessIdentity.hostName)
                #expect(process["tag"] as? String == "shop" && process["labels"] as? [String] == ["blue"])
                #expect(process["queues"] as? [String] == ["default", "low"])
                #expect(process["concurrency"] as? Int == 3 && process["quiet"] as? String == "false")
                #expect((process["started"] as? Double ?? 0) > 1_700_000_000 && (process["rss"] as? Int ?? 0) > 1000)
            }
            #expect(processes.compactMap { $0["busy"] as? Int }.reduce(0, +) == 1)
            #expect(answer["error"] as? String == "ExitStatus" && answer["jid"] as? String == "f")
            #expect(answer["dead_jid"] as? String == "d")
            try scene.finish(leaving: ["dead", "queue:default", "queue:unserved", "retry", "schedule"])
        }
    }

    @Test("the hash of running jobs holds queue, payload as a string and start, as Sidekiq 7 and 8 read it")
    func work() throws {
        try Scene.run(Self.configuration) { scene in
            let payload = Jobs.payload("Long", "l", args: "[1.0]")
            try scene.jobs.push(payload)
            var work: [String: Any] = [:]
            try eventually(within: 30, "it is there") {
                let key = try scene.jobs.keys("*:work").first
                work = Jobs.object(try key.flatMap { try scene.jobs.call("HVALS", $0).elements?.first?.bytes } ?? [])
                return !work.isEmpty
            }
            #expect(work["queue"] as? String == "default" && work["payload"] as? String == payload)
            #expect((work["run_at"] as? Int ?? 0) > 1_700_000_000)
            try scene.finish(leaving: ["queue:default"])
        }
    }

    @Test("the dashboard's buttons quiet and stop a worker; a retry and a kill by hand do what they say")
    func buttons() throws {
        try Scene.run(Self.configuration) { scene in
            try scene.jobs.push(Jobs.payload("Exit1", "again"), Jobs.payload("Exit1", "kill"))
            try eventually(within: 30, "both wait for retry") { try scene.jobs.members(of: "retry").count == 2 }
            _ = scene.sidekiq(
                """
                Sidekiq::RetrySet.new.each { |job| job.jid == "again" ? job.retry : job.kill }
                Sidekiq::ProcessSet.new.each(&:quiet!)
                {}
                """)
            eventually(within: 30, "one runs a second time") { scene.ledger.count { $0.contains(" again ") } == 2 }
            #expect(try scene.jobs.members(of: "dead").count == 1)
            try eventually(within: 30, "it waits for its next retry") { try scene.jobs.members(of: "retry").count == 1 }
            try scene.jobs.makeDue("retry", at: 4_000_000_000)  // not while this test waits
            // Orders are taken with a beat, so after up to 5 s.
            try eventually(within: 30, "both workers are quiet") { try scene.quietWorkers() == 2 }
            try scene.finish(leaving: ["dead", "retry"])
        }
    }
}

enum Sidekiq {
    static let isInstalled = Program.run(["/usr/bin/env", "ruby", "-rsidekiq", "-e", "0"]).code == 0
}

extension Scene {
    /// Runs Ruby with Sidekiq's client configured; the last value, a hash, is the answer.
    func sidekiq(_ script: String) -> [String: Any] {
        let program = """
            require "sidekiq"; require "sidekiq/api"; require "json"
            Sidekiq.configure_client { |config| config.redis = { path: "\(server.socketPath)" } }
            answer = begin
            \(script)
            end
            puts JSON.generate(answer)
            """
        let result = Program.run(["/usr/bin/env", "ruby", "-W0", "-"], input: Array(program.utf8))
        #expect(result.code == 0, "\(result.errors)")
        return Jobs.object(Array(result.output.utf8))
    }
}
