import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Sidekiq's API reads what Martlet wrote, and Martlet goes on with what the API changed")
struct DataTests {
    @Test("statistics, queues, sets, processes and running jobs are the same as in martlet status")
    func numbers() throws {
        try Shop.open { shop in
            _ = shop.ruby(
                """
                push = ->(jid, name, more = {}) {
                  Sidekiq::Client.push({"class" => name, "args" => [jid], "jid" => jid}.merge(more)) }
                push["a", "PlainJob"]; push["b", "PlainJob", "queue" => "low"]
                push["f", "FailJob", "backtrace" => true, "tags" => ["x"]]
                push["d", "DeadJob"]
                push["h", "HoldJob", "queue" => "low", "tags" => ["held"]]
                push["s", "PlainJob", "at" => Time.now.to_f + 86_400]
                3.times { |n| push["w#{n}", "PlainJob", "queue" => "unserved"] }
                {}
                """)
            try eventually(within: 60, "all but the long job are settled, and the record shows that one") {
                try shop.number("stat:processed") == 4 && shop.records("busy").contains("1")
            }
            let answer = shop.ruby(
                """
                stats = Sidekiq::Stats.new
                history = Sidekiq::Stats::History.new(1)
                processes = Sidekiq::ProcessSet.new
                work = Sidekiq::Workers.new
                {
                  processed: stats.processed, failed: stats.failed, scheduled: stats.scheduled_size,
                  retry: stats.retry_size, dead: stats.dead_size, enqueued: stats.enqueued,
                  processes: stats.processes_size, busy: stats.workers_size, queues: stats.queues,
                  default_latency: stats.default_queue_latency,
                  today: [history.processed.values, history.failed.values],
                  all: Sidekiq::Queue.all.map(&:name), size: Sidekiq::Queue.new("unserved").size,
                  found: Sidekiq::Queue.new("unserved").find_job("w1").args,
                  order: Sidekiq::Queue.new("unserved").map(&:jid), latency: Sidekiq::Queue.new("unserved").latency,
                  threads: processes.total_concurrency, rss: processes.total_rss, leader: processes.leader,
                  list: processes.map { |p| {
                    host: p["hostname"], pid: p["pid"], tag: p.tag, labels: p.labels, queues: p.queues, version: p["version"],
                    concurrency: p["concurrency"], busy: p["busy"], quiet: p.stopping?, identity: p.identity,
                    started: Time.at(p["started_at"]).to_f, beat: p["beat"], rss: p["rss"], rtt: p["rtt_us"] } },
                  working: work.size,
                  work: work.map { |process, thread, w| {
                    process: process, thread: thread, queue: w["queue"], jid: w["payload"]["jid"],
                    tags: w["payload"]["tags"], run_at: w["run_at"], now: Time.now.to_i } },
                }
                """)
            let status = JSON.object(shop.daemon.martlet(["status", "--json"]).output)
            for (name, theirs) in [
                ("processed", "processed"), ("failed", "failed"), ("scheduled", "scheduled"), ("retry", "retry"),
                ("dead", "dead"),
            ] {
                #expect(answer[name] as? Int == status[theirs] as? Int && answer[name] != nil, "\(name)")
            }
            #expect([answer["processed"] as? Int, answer["failed"] as? Int] == [4, 2])
            #expect(answer["today"] as? [[Int]] == [[4], [2]])
            let queues = (status["queues"] as? [[String: Any]] ?? []).reduce(into: [String: Int]()) {
                $0[$1["name"] as? String ?? ""] = $1["size"] as? Int
            }
            #expect(answer["queues"] as? [String: Int] == queues && queues == ["default": 0, "low": 0, "unserved": 3])
            #expect(answer["enqueued"] as? Int == 3 && answer["all"] as? [String] == ["default", "low", "unserved"])
            #expect(answer["found"] as? [String] == ["w1"] && answer["order"] as? [String] == ["w2", "w1", "w0"])
            #expect((answer["latency"] as? Double ?? -1) >= 0 && (answer["latency"] as? Double ?? 1e9) < 600)
            #expect(answer["processes"] as? Int == 2 && answer["threads"] as? Int == 6 && answer["busy"] as? Int == 1)
            let theirs = status["processes"] as? [[String: Any]] ?? []
            let list = answer["list"] as? [[String: Any]] ?? []
            #expect(Set(list.compactMap { $0["pid"] as? Int }) == Set(shop.daemon.workers.map(Int.init)))
            for process in list {
                let same = theirs.first { $0["identity"] as? String == process["identity"] as? String } ?? [:]
                #expect(process["host"] as? String == ProcessIdentity.hostName)
                #expect(process["tag"] as? String == "shop" && process["labels"] as? [String] == ["blue"])
                #expect(process["queues"] as? [String] == ["default", "low"])
                #expect((process["version"] as? String)?.hasPrefix("martlet ") == true, "nobody takes it for Sidekiq")
                #expect(process["concurrency"] as? Int == 3 && process["quiet"] as? Bool == false)
                #expect(process["pid"] as? Int == same["pid"] as? Int && same["pid"] != nil)
                #expect(process["rss"] as? Int ?? 0 > 1000 && same["rss_kb"] as? Int ?? 0 > 1000)
                let started = process["started"] as? Double ?? 0
                #expect(abs(started - (same["started_at"] as? Double ?? 0)) < 0.01 && started > 1_700_000_000)
                #expect(process["beat"] as? Double ?? 0 >= started && process["rtt"] as? Int ?? -1 >= 0)
            }
            #expect(list.compactMap { $0["busy"] as? Int }.reduce(0, +) == 1 && answer["working"] as? Int == 1)
            let work = (answer["work"] as? [[String: Any]] ?? []).first ?? [:]
            #expect(work["queue"] as? String == "low" && work["jid"] as? String == "h", "\(work)")
            #expect(work["tags"] as? [String] == ["held"])
            let age = (work["now"] as? Int ?? 0) - (work["run_at"] as? Int ?? 0)
            #expect(age >= 0 && age < 600, "\(work)")
            shop.letGo()
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    @Test("a retry shows its error, its lines and its times; a dead job too")
    func failures() throws {
        try Shop.open { shop in
            _ = shop.ruby(
                """
                push = ->(jid, name, more = {}) {
                  Sidekiq::Client.push({"class" => name, "args" => [jid], "jid" => jid}.merge(more)) }
                push["f", "FailJob", "backtrace" => true, "tags" => ["x", "ü"]]
                push["one-line", "FailJob", "backtrace" => 1]
                push["none", "FailJob"]
                push["last", "FailJob", "retry" => 0, "backtrace" => true]
                push["never", "FailJob", "retry" => false]
                push["hidden", "FailJob", "retry" => 0, "dead" => false]
                push["to-low", "FailJob", "retry_queue" => "low"]
                push["d", "DeadJob", "backtrace" => true]
                {}
                """)
            try eventually(within: 60, "all have run once") { try shop.number("stat:failed") == 8 }
            let read = """
                describe = ->(job) { {
                  class: job.display_class, args: job.args, queue: job.queue, tags: job.tags, error: job.item["error_class"],
                  message: job.item["error_message"], backtrace: job.error_backtrace, count: job.item["retry_count"],
                  created: job.created_at.to_f, enqueued: job.enqueued_at.to_f, failed: job.item["failed_at"],
                  retried: job.item["retried_at"], wait: job.at.to_f - Time.now.to_f, latency: job.latency,
                  shown: job.error? } }
                all = ->(set) { set.map { |job| [job.jid, describe[job]] }.to_h }
                {retry: all[Sidekiq::RetrySet.new], dead: all[Sidekiq::DeadSet.new], now: Time.now.to_f}
                """
            let answer = shop.ruby(read)
            let retries = answer["retry"] as? [String: [String: Any]] ?? [:]
            let dead = answer["dead"] as? [String: [String: Any]] ?? [:]
            #expect(Set(retries.keys) == ["f", "one-line", "none", "to-low"], "\(retries.keys)")
            #expect(Set(dead.keys) == ["last", "d"], "\(dead.keys)")
            let now = answer["now"] as? Double ?? 0
            for (jid, job) in retries {
                #expect(job["class"] as? String == "FailJob" && job["args"] as? [String] == [jid])
                #expect(job["error"] as? String == "Shop::OutOfStock" && job["shown"] as? Bool == true)
                #expect(job["message"] as? String == "no more é of \(jid)" && job["count"] as? Int == 0)
                let wait = job["wait"] as? Double ?? 0
                #expect(wait > -120 && wait < 26, "\(jid): 15 s and less than 10 more")
                for time in ["created", "enqueued", "failed"] {
                    #expect(abs(now - (job[time] as? Double ?? 0)) < 300, "\(jid): \(time)")
                }
                #expect(job["retried"] is NSNull)
            }
            let lines = ["shop.py:12:in sell", "shop.py:3:in main"]
            #expect(
                retries["f"]?["backtrace"] as? [String] == lines && retries["f"]?["tags"] as? [String] == ["x", "ü"])
            #expect(retries["one-line"]?["backtrace"] as? [String] == Array(lines.prefix(1)))
            #expect(retries["none"]?["backtrace"] is NSNull && retries["to-low"]?["queue"] as? String == "low")
            #expect(dead["last"]?["backtrace"] as? [String] == lines && dead["last"]?["count"] as? Int == 0)
            #expect(dead["d"]?["error"] as? String == "Shop::Closed")

            try shop.reschedule("retry")
            try eventually(within: 60, "the four have run again") { try shop.number("stat:failed") == 12 }
            let again = shop.ruby(read)["retry"] as? [String: [String: Any]] ?? [:]
            #expect(again.count == 4)
            for (jid, job) in again {
                #expect(job["count"] as? Int == 1, "\(jid)")
                let (failed, retried) = (job["failed"] as? Double ?? 0, job["retried"] as? Double ?? 0)
                #expect(failed == retries[jid]?["failed"] as? Double && retried > failed, "\(jid)")
            }
            #expect(again["f"]?["backtrace"] as? [String] == lines)
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    @Test("a scheduled job that expires is done when the API moves it to its queue, however long it has waited")
    func movedBeforeItExpires() throws {
        try Shop.open { shop in
            let answer = shop.ruby(
                """
                Sidekiq::Client.push("class" => "PlainJob", "args" => [], "jid" => "moved", "expires_in" => 1800,
                  "created_at" => Time.now.to_f - 86_400, "at" => Time.now.to_f + 86_400)
                Sidekiq::ScheduledSet.new.find_job("moved").add_to_queue
                Sidekiq::Client.push("class" => "PlainJob", "args" => [], "jid" => "over", "expiry" => Time.now.to_f - 5)
                {left: Sidekiq::ScheduledSet.new.size}
                """)
            #expect(answer["left"] as? Int == 0, "\(answer)")
            try eventually(within: 60, "both are settled") { try shop.number("stat:processed") == 2 }
            #expect(shop.runs(of: "moved").contains { $0["word"] as? String == "end" })
            #expect(shop.runs(of: "over").isEmpty)
            #expect(try shop.number("martlet:stat:expired") == 1)
        }
    }

    @Test("retry, kill, delete, reschedule and add_to_queue of the API do what they say to Martlet's entries")
    func hands() throws {
        try Shop.open { shop in
            _ = shop.ruby(
                """
                %w[retry kill delete later].each { |jid| Sidekiq::Client.push("class" => "FailJob", "args" => [1.0], "jid" => jid) }
                %w[raise drop].each { |jid| Sidekiq::Client.push("class" => "DeadJob", "args" => [], "jid" => jid) }
                %w[now gone].each { |jid|
                  Sidekiq::Client.push("class" => "PlainJob", "args" => [], "jid" => jid, "at" => Time.now.to_f + 86_400) }
                {}
                """)
            try eventually(within: 60, "the six have failed") { try shop.number("stat:failed") == 6 }
            // None becomes due while the hands are at work.
            try shop.reschedule("retry", at: 4_000_000_000)
            let answer = shop.ruby(
                """
                retries = Sidekiq::RetrySet.new
                {
                  found: retries.find_job("kill").jid, retry: retries.find_job("retry").retry,
                  kill: retries.find_job("kill").kill, delete: retries.find_job("delete").delete,
                  later: retries.find_job("later").reschedule(Time.at(4_000_000_100)),
                  raise: Sidekiq::DeadSet.new.find_job("raise").retry, drop: Sidekiq::DeadSet.new.find_job("drop").delete,
                  now: Sidekiq::ScheduledSet.new.find_job("now").add_to_queue,
                  gone: Sidekiq::ScheduledSet.new.find_job("gone").delete,
                }
                """)
            #expect(answer["found"] as? String == "kill" && answer["delete"] as? Bool == true, "\(answer)")
            eventually(within: 60, "what was told to run has run") {
                shop.runs(of: "retry").count == 2 && shop.runs(of: "raise").count == 2
                    && shop.runs(of: "now").contains { $0["word"] as? String == "end" }
            }
            // "Retry now" is not counted as a failure: this was the second run by number as well.
            #expect(shop.runs(of: "retry").map { $0["attempt"] as? Int } == [1, 1])
            try eventually(within: 60, "both of them are settled") { try shop.number("stat:failed") == 8 }
            let retry = try shop.object("retry", in: "retry")
            #expect(retry?["retry_count"] as? Int == 0 && retry?["error_class"] as? String == "Shop::OutOfStock")
            #expect(
                try shop.call("ZSCORE", "retry", shop.members(of: "retry").first { $0.contains("\"later\"") } ?? "")
                    .number == 4_000_000_100)
            #expect(try shop.members(of: "retry").count == 2 && shop.members(of: "schedule").isEmpty)
            #expect(try shop.object("kill", in: "dead")?["error_class"] as? String == "Shop::OutOfStock")
            #expect(try shop.object("raise", in: "dead") != nil && shop.object("drop", in: "dead") == nil)
            #expect(shop.runs(of: "delete").count == 1 && shop.runs(of: "gone").isEmpty)
            let all = shop.ruby(
                """
                Sidekiq::RetrySet.new.kill_all
                before = Sidekiq::DeadSet.new.size
                Sidekiq::DeadSet.new.each { |job| job.delete unless job.jid == "later" }
                Sidekiq::DeadSet.new.retry_all
                {before: before}
                """)
            #expect(all["before"] as? Int == 4, "\(all)")
            try eventually(within: 60, "the one that was left ran again and failed") {
                try shop.object("later", in: "retry") != nil
            }
            #expect(try shop.members(of: "dead").isEmpty)
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    @Test("the hash of running jobs holds queue, payload as a string and start, as Sidekiq 7 and 8 read it")
    func work() throws {
        try Shop.open { shop in
            let payload = #"{"retry":true,"queue":"low","class":"HoldJob","args":[1.0],"jid":"l","created_at":1.5}"#
            try shop.push([payload], to: "low")
            var work: [String: Any] = [:]
            try eventually(within: 60, "it is there") {
                let key = try shop.call("KEYS", "*:work").elements?.first?.text
                work = JSON.object(try key.flatMap { try shop.call("HVALS", $0).elements?.first?.text } ?? "")
                return !work.isEmpty
            }
            #expect(work["queue"] as? String == "low" && work["payload"] as? String == payload)
            #expect((work["run_at"] as? Int ?? 0) > 1_700_000_000)
            shop.letGo()
            #expect(shop.daemon.stop() == .exited(0))
        }
    }
}
