import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("With `sidekiq: 7` times are in seconds, as this Sidekiq reads them")
struct TimesTests {
    @Test("of a failure, of a second one, of a promoted job and of the latency of its queue")
    func seconds() throws {
        try Shop.open { shop in
            _ = shop.ruby(
                """
                Sidekiq::Client.push("class" => "FailJob", "args" => [], "jid" => "f")
                Sidekiq::Client.push("class" => "PlainJob", "args" => [], "jid" => "later", "at" => Time.now.to_f + 1)
                {}
                """)
            try eventually(within: 60, "it has failed") { try shop.number("stat:failed") == 1 }
            try shop.reschedule("retry")
            try eventually(within: 60, "and again") { try shop.number("stat:failed") == 2 }
            eventually(within: 60, "what was scheduled is done") { shop.runs(of: "later").count == 2 }
            shop.daemon.signal(.user1)
            try eventually(within: 60, "nothing is fetched") { try shop.records("quiet") == ["true", "true"] }
            try shop.reschedule("retry")
            try eventually(within: 60, "it is put into its queue") { try shop.queue().count == 1 }
            let answer = shop.ruby(
                """
                job = Sidekiq::Queue.new.first
                {now: Time.now.to_f, latency: Sidekiq::Queue.new.latency, job: job.latency,
                 default: Sidekiq::Stats.new.default_queue_latency, failed: job["failed_at"], retried: job["retried_at"],
                 enqueued: job.enqueued_at.to_f}
                """)
            let now = answer["now"] as? Double ?? 0
            for name in ["failed", "retried", "enqueued"] {
                #expect(abs(now - (answer[name] as? Double ?? 0)) < 600, "\(name): \(answer)")
            }
            for name in ["latency", "job", "default"] {
                let seconds = answer[name] as? Double ?? -100
                #expect(-5 < seconds && seconds < 600, "\(name): \(answer)")
            }
            let raw = shop.runs(of: "later").first?["raw"] as? String ?? ""
            let enqueued = raw.firstMatch(of: /"enqueued_at":([0-9.]+)/).flatMap { Double($0.1) } ?? 0
            #expect(abs(now - enqueued) < 600, "\(raw)")
            #expect(shop.daemon.stop() == .exited(0))
        }
    }
}
