import Foundation
import JobModel
import Platform
import Redis
import TestSupport
import Testing

@Suite("Payloads captured from Sidekiq")
struct CorpusTests {
    /// Everything fails here, as a program does that knows nothing of Martlet.
    static let configuration = """
        processes: 1
        concurrency: 4
        sidekiq: 7
        queues: [default, low, again]
        handlers:
          broken: { command: [./broken.sh], classes: ["*"] }
        """
    static let files = ["broken.sh": "#!/bin/sh\necho 'it went wrong: é' >&2\nexit 1\n"]

    /// What a failure may change.
    static let touched: Set<String> = [
        "queue", "error_message", "error_class", "retry_count", "failed_at", "retried_at", "error_backtrace",
    ]

    @Test("each is decoded: class, jid, queue, times and the number of its next run", arguments: Captured.jobs)
    func decode(_ payload: Captured) throws {
        let job = try Job(decoding: Array(payload.text.utf8))
        let object = JSON.object(payload.text)
        #expect(job.jobClass.text == object["class"] as? String && job.jid == object["jid"] as? String)
        #expect(job.route.text == (object["wrapped"] ?? object["class"]) as? String)
        #expect(job.declaredQueue?.text == object["queue"] as? String)
        #expect(job.attempt == (object["retry_count"] as? Int).map { $0 + 2 } ?? 1)
        // Seconds with a fraction or milliseconds: the same day.
        let times = payload.place == "schedule" ? [job.createdAt] : [job.createdAt, job.enqueuedAt]
        for time in times { #expect(time.map { 1_795_000_000 < $0.seconds && $0.seconds < 1_796_000_000 } == true) }
    }

    @Test("each that fails is read by Sidekiq, with all that is not the failure's byte for byte as it was")
    func fail() throws {
        try Shop.open(Self.configuration, files: Self.files) { shop in
            for payload in Captured.jobs { try shop.push([payload.text]) }
            try eventually(within: 120, "all have failed: \(shop.daemon.log.suffix(1000))") {
                try shop.number("stat:failed") == Captured.jobs.count
            }
            try shop.reschedule("retry", at: 4_000_000_000)
            let answer = shop.ruby(
                """
                read = ->(set) { set.map { |job| [job.jid, {
                  class: job.klass, shown: job.display_class, args: job.args, shown_args: job.display_args.inspect,
                  error: job.item["error_class"], message: job.item["error_message"], count: job.item["retry_count"],
                  lines: job.error_backtrace, failed: Time.at(job.item["failed_at"]).year, tags: job.tags }] }.to_h }
                {retry: read[Sidekiq::RetrySet.new], dead: read[Sidekiq::DeadSet.new]}
                """)
            let retries = answer["retry"] as? [String: [String: Any]] ?? [:]
            let dead = answer["dead"] as? [String: [String: Any]] ?? [:]
            var places: [String: String] = [:]
            for set in ["retry", "dead"] {
                for text in try shop.members(of: set) { places[JSON.object(text)["jid"] as? String ?? ""] = text }
            }
            for payload in Captured.jobs {
                let before = JSON.object(payload.text)
                let jid = try #require(before["jid"] as? String)
                let count = (before["retry_count"] as? Int).map { $0 + 1 } ?? 0
                if payload.text.contains(#""retry":false"#) {
                    #expect(places[jid] == nil, "\(payload.name) is neither retried nor buried")
                    continue
                }
                let limit = payload.text.firstMatch(of: /"retry":(\d+)/).flatMap { Int($0.1) }
                let isOver = limit.map { count >= $0 } ?? false
                let read = isOver ? dead[jid] : retries[jid]
                #expect(
                    read?["error"] as? String == "ExitStatus", "\(payload.name) is not in \(isOver ? "dead" : "retry")")
                #expect(read?["message"] as? String == "it went wrong: é" && read?["count"] as? Int == count)
                #expect(read?["class"] as? String == before["class"] as? String, "\(payload.name)")
                try expectSame(Array(payload.text.utf8), Array((places[jid] ?? "").utf8), payload)
            }
        }
    }

    @Test("each that becomes due is put into its queue as it is, but for the time, and Sidekiq reads it there")
    func promote() throws {
        try Shop.open(Self.configuration, files: Self.files) { shop in
            shop.daemon.signal(.user1)
            try eventually(within: 60, "nothing is fetched any more") { try shop.records("quiet") == ["true"] }
            for payload in Captured.jobs {
                try shop.call("ZADD", payload.place == "schedule" ? "schedule" : "retry", "1", payload.text)
            }
            let queues = Set(Captured.jobs.map(\.queue))
            try eventually(within: 60, "all are in their queues") {
                try queues.reduce(0) { try $0 + shop.queue($1).count } == Captured.jobs.count
            }
            var promoted: [String: String] = [:]
            for queue in queues {
                for text in try shop.queue(queue) {
                    #expect(JSON.object(text)["queue"] as? String == queue)
                    promoted[JSON.object(text)["jid"] as? String ?? ""] = text
                }
            }
            for payload in Captured.jobs {
                let after = promoted[JSON.object(payload.text)["jid"] as? String ?? ""] ?? ""
                try expectSame(Array(payload.text.utf8), Array(after.utf8), payload, but: ["enqueued_at"])
            }
            let answer = shop.ruby(
                """
                jobs = Sidekiq::Queue.all.flat_map(&:to_a)
                {size: jobs.size, late: jobs.count { |job| job.latency > 600 }, early: jobs.count { |job| job.latency < -5 },
                 args: jobs.map { |job| [job.jid, job.args] }.to_h}
                """)
            #expect(answer["size"] as? Int == Captured.jobs.count)
            #expect(answer["late"] as? Int == 0 && answer["early"] as? Int == 0, "the time is in seconds")
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    @Test("what is no JSON is buried as it is, and shown by Sidekiq")
    func noJob() throws {
        let text = try #require(Captured.all.first { $0.name == "6.4.1/dead/not-json" }?.text)
        try Shop.open(Self.configuration, files: Self.files) { shop in
            try shop.push([text])
            try eventually(within: 60, "it is dead") { try shop.members(of: "dead") == [text] }
            let answer = shop.ruby("{args: Sidekiq::DeadSet.new.first.args, class: Sidekiq::DeadSet.new.first.klass}")
            #expect(answer["args"] as? [String] == [text] && answer["class"] is NSNull)
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    /// Compares the bytes of every member that was there before, in their order.
    private func expectSame(
        _ before: [UInt8], _ after: [UInt8], _ payload: Captured, but touched: Set<String> = touched
    ) throws {
        func kept(_ bytes: [UInt8], _ names: Set<String>?) throws -> [String] {
            let object = try JSONObject(scanning: bytes)
            return object.members.compactMap { member in
                let name = String(decoding: bytes[member.key], as: UTF8.self)
                guard !touched.contains(name), names?.contains(name) ?? true else { return nil }
                return name + ":" + String(decoding: object.raw(member), as: UTF8.self)
            }
        }
        let names = try JSONObject(scanning: before).members.map { String(decoding: before[$0.key], as: UTF8.self) }
        #expect(try kept(before, nil) == kept(after, nil), "\(payload.name)")
        // An older failure's backtrace beside the new message would mislead.
        let left = Set(JSON.object(String(decoding: after, as: UTF8.self)).keys).union(["error_backtrace"])
        #expect(Set(names).isSubset(of: left), "\(payload.name)")
    }
}
