import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Sidekiq's client pushes to Martlet")
struct ClientTests {
    /// Classes as an application has them; nothing of them runs in Ruby here.
    static let classes = """
        class GreetJob; include Sidekiq::Worker; end
        class ReportJob
          include Sidekiq::Worker
          sidekiq_options queue: "low", retry: 3, backtrace: 5, tags: ["monthly", "blau"]
        end

        """

    @Test("what push, perform_async, push_bulk and set say is done, each job once and with its own arguments")
    func now() throws {
        try Shop.open { shop in
            let answer = shop.ruby(
                Self.classes + """
                    one = Sidekiq::Client.push("class" => "GreetJob", "args" => [1, 2.0, "é", nil, {"a" => [true]}])
                    two = GreetJob.perform_async(2**70, 1e300, "\\u0000\\u{1F426} \\"quoted\\" </script>")
                    low = ReportJob.perform_async("report")
                    set = GreetJob.set(queue: "low", retry: 1, tags: ["x"]).perform_async("set")
                    bulk = Sidekiq::Client.push_bulk("class" => GreetJob, "queue" => "low", "args" => (1..40).map { |n| [n] })
                    many = GreetJob.perform_bulk([["a"], ["b"]])
                    {one: one, two: two, low: low, set: set, bulk: bulk, many: many}
                    """)
            let bulk = answer["bulk"] as? [String] ?? []
            let many = answer["many"] as? [String] ?? []
            let single = ["one", "two", "low", "set"].compactMap { answer[$0] as? String }
            #expect(Set(bulk + many + single).count == 46, "\(answer)")
            try eventually(within: 60, "all of them are done") { try shop.number("stat:processed") == 46 }
            let ends = shop.runs.filter { $0["word"] as? String == "end" }
            #expect(Set(ends.compactMap { $0["jid"] as? String }) == Set(bulk + many + single))
            #expect(ends.count == 46 && ends.allSatisfy { $0["attempt"] as? Int == 1 })
            for (index, jid) in bulk.enumerated() {
                #expect(shop.runs(of: jid).first?["args"] as? [Int] == [index + 1])
            }
            func end(_ name: String) -> [String: Any] { shop.runs(of: answer[name] as? String ?? "").first ?? [:] }
            #expect(end("low")["queue"] as? String == "low" && end("set")["queue"] as? String == "low")
            let raw = { (name: String) in end(name)["raw"] as? String ?? "" }
            #expect(raw("one").contains(#""args":[1,2.0,"é",null,{"a":[true]}]"#), "\(raw("one"))")
            // The client escapes what JSON demands and no more; numbers come as it wrote them.
            #expect(raw("two").contains(#""args":[1180591620717411303424,"#), "\(raw("two"))")
            #expect(raw("two").contains(##"\u0000🐦 \"quoted\" </script>"##), "\(raw("two"))")
            #expect(raw("low").contains(#""tags":["monthly","blau"]"#) && raw("low").contains(#""backtrace":5"#))
            #expect(raw("set").contains(#""retry":1"#))
            #expect(shop.daemon.stop() == .exited(0))
            #expect(try shop.call("KEYS", "queue:*").elements?.isEmpty == true)
        }
    }

    @Test("perform_in, perform_at and a bulk with times wait in the schedule, and are done when they are due")
    func later() throws {
        try Shop.open { shop in
            let answer = shop.ruby(
                Self.classes + """
                    due = Time.now.to_f + 2
                    soon = GreetJob.perform_in(1.5, "in")
                    at = GreetJob.perform_at(due, "at")
                    past = GreetJob.perform_at(Time.now.to_f - 5, "past")
                    bulk = Sidekiq::Client.push_bulk("class" => ReportJob, "args" => [[1], [2]], "at" => [due, due + 0.5])
                    far = GreetJob.perform_in(86_400, "far")
                    {soon: [soon, at, past] + bulk, far: far, due: due, size: Sidekiq::ScheduledSet.new.size}
                    """)
            let jids = answer["soon"] as? [String] ?? []
            #expect(jids.count == 5 && (answer["size"] as? Int ?? 0) >= 1, "\(answer)")
            eventually(within: 60, "those that are due are done") {
                jids.allSatisfy { jid in shop.runs(of: jid).contains { $0["word"] as? String == "end" } }
            }
            let left = try shop.members(of: "schedule")
            #expect(left.count == 1)
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    @Test("Active Job's adapter: the wrapped class is routed, the payload reaches the handler untouched")
    func activeJob() throws {
        let configuration = Shop.configuration + "\n  never: { command: [./never.sh], classes: [\"ActiveJob::*\"] }\n"
        try Shop.open(configuration, files: ["never.sh": "#!/bin/sh\nexit 65\n"]) { shop in
            let answer = shop.ruby(
                """
                require "active_job"
                require "active_job/queue_adapters/sidekiq_adapter"
                ActiveJob::Base.queue_adapter = :sidekiq
                ActiveJob::Base.logger = Logger.new(nil)
                class WelcomeJob < ActiveJob::Base
                  queue_as :low
                  def perform(*) = nil
                end
                one = WelcomeJob.perform_later("Åse", 7, {"since" => 1.5})
                two = WelcomeJob.set(wait: 1).perform_later("later")
                plain = Sidekiq::Client.push("class" => "ActiveJob::QueueAdapters::SidekiqAdapter::JobWrapper",
                  "wrapped" => "MailJob", "queue" => "default",
                  "args" => [{"job_class" => "MailJob", "job_id" => "1", "arguments" => [1]}])
                {jids: [one.provider_job_id, two.provider_job_id, plain], id: one.job_id}
                """)
            let jids = answer["jids"] as? [String] ?? []
            #expect(jids.count == 3, "\(answer)")
            eventually(within: 60, "they are done: \(shop.daemon.log.suffix(2000))") {
                jids.allSatisfy { jid in shop.runs(of: jid).contains { $0["word"] as? String == "end" } }
            }
            let run = shop.runs(of: jids.first ?? "").first ?? [:]
            #expect(run["class"] as? String == "ActiveJob::QueueAdapters::SidekiqAdapter::JobWrapper")
            let inner = (run["args"] as? [[String: Any]])?.first ?? [:]
            #expect(
                inner["job_class"] as? String == "WelcomeJob" && inner["job_id"] as? String == answer["id"] as? String)
            #expect((run["raw"] as? String ?? "").contains(#""wrapped":"WelcomeJob""#))
            let dead = try shop.members(of: "dead")
            #expect(dead.isEmpty)
            let classes =
                JSON.object(shop.daemon.martlet(["status", "--json"]).output)["last_hour"] as? [[String: Any]]
            #expect(Set((classes ?? []).compactMap { $0["class"] as? String }) == ["WelcomeJob", "MailJob"])
            #expect(shop.daemon.stop() == .exited(0))
        }
    }
}
