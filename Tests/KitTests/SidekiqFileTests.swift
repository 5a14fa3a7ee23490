import Configuration
import Foundation
import JobModel
import TestSupport
import Testing

@testable import Handlers

/// Tests/Fixtures/kits/sidekiq_jobs.rb is a job file as it is written for Sidekiq.
@Suite("A job file of Sidekiq runs with the Ruby kit as it is", .enabled(if: Kit.ruby.isInstalled, "ruby is missing"))
struct SidekiqFileTests {
    private static let jobs = "\(Kit.root)/Tests/Fixtures/kits/sidekiq_jobs.rb"
    private static let kit = "\(Kit.root)/Sources/Kits/ruby/martlet.rb"
    private static let signUp = #"{"class":"SignUpJob","args":[7,[8,9]],"retry":5,"jid":"5c41e1f0a1b24a3f9c0d7e66"}"#

    private func rig(threads: Int = 1) throws -> KitRig {
        let ruby = try #require(Kit.ruby.executable)
        let settings = HandlerSettings(
            name: "app", command: ["ruby", Self.kit, Self.jobs], executable: ruby, classes: [ClassPattern("*")],
            mode: .serve,
            threads: threads, timeout: 60, directory: "/")
        return try KitRig(settings, slots: threads)
    }

    private func report(of payload: String, in rig: KitRig) throws -> DispatchReport {
        let number = try rig.start(Array(payload.utf8), queue: "default")
        #expect(rig.finish([number]))
        return try #require(rig.accounts[number]?.report)
    }

    /// What was pushed, without what differs from push to push and from version to version of Sidekiq.
    private func compared(_ jobs: [JSONValue]) -> [String] {
        jobs.map { job in
            let isLater = job["at"] != nil
            let job = ["jid", "created_at", "enqueued_at", "at"].reduce(job) { $0.without($1) }
            return "\(job)" + (isLater ? " later" : "")
        }.sorted()
    }

    @Test("what its jobs push is what Sidekiq's own gem makes of them, and goes with their end")
    func pushes() throws {
        let rig = try rig()
        let report = try report(of: Self.signUp, in: rig)
        #expect(report.outcome == .succeeded)
        let children = compared(try report.children.map { try JSONValue(String(decoding: $0, as: UTF8.self)) })
        let mail = #""backtrace":true,"class":"WelcomeMailJob","queue":"mailers","retry":5}"#
        #expect(
            children == [
                #"{"args":["sign_up",7],"class":"Analytics::TrackJob","queue":"low","retry":true}"#,
                #"{"args":[7,{"locale":"de"}],"# + mail,
                #"{"args":[7],"backtrace":true,"class":"WelcomeMailJob","queue":"critical","retry":5,"tags":["first"]}"#,
                #"{"args":[7],"# + mail + " later",
                #"{"args":[8],"# + mail,
                #"{"args":[9],"# + mail,
            ])
        rig.turn(within: 5) { rig.lines.contains { $0.contains("signing up 7 as 5c41e1f0a1b24a3f9c0d7e66") } }
        #expect(rig.lines.contains { $0.contains("signing up 7 as 5c41e1f0a1b24a3f9c0d7e66") })

        let ruby = try #require(Kit.ruby.executable)
        let bySidekiq = Program.run(
            [
                ruby, "-W0", "-e",
                """
                require "sidekiq/testing"
                load ARGV[0]
                Sidekiq.logger.level = 4
                job = SignUpJob.new
                job.perform(7, [8, 9])
                puts JSON.generate(Sidekiq::Queues.jobs_by_queue.values.flatten)
                """, Self.jobs,
            ])
        try #require(bySidekiq.code == 0, "the gem is not there: \(bySidekiq.errors)")
        #expect(compared(try JSONValue(bySidekiq.output).array ?? []) == children)
    }

    @Test(
        "its errors are failures, and its hooks are asked what follows",
        arguments: [
            (#""SignUpJob","args":[0,[]]"#, "failed", "ApplicationJob::UserMissing", "no user 0", ""),
            (
                #""Billing::ChargeJob","args":[1,200000]"#, "dead", "Billing::CardDeclined",
                "card of order 1 was declined", "1"
            ),
            (#""Billing::ChargeJob","args":[1,0]"#, "discard", nil, nil, ""),
            (#""Billing::ChargeJob","args":[0,5]"#, "failed", "IOError", "the bank does not answer", ""),
            (
                #""Billing::ChargeJob","retry_count":2,"args":[0,5]"#, "failed", "IOError", "the bank does not answer",
                "4"
            ),
        ])
    func errors(job: String, outcome: String, class: String?, message: String?, gaveUpAfter: String) throws {
        let rig = try rig()
        let report = try report(of: #"{"class":\#(job),"retry":3,"jid":"0be3f5d2c7a94b1e8f6a2d10"}"#, in: rig)
        #expect(report.outcome.word == outcome)
        #expect(report.outcome.failure?.errorClass == `class`)
        #expect(report.outcome.failure?.message == message)
        // What sidekiq_retry_in says, unless it is the last failure.
        let isAsked = `class` == "IOError" && gaveUpAfter.isEmpty
        #expect(report.outcome.failure?.retryIn == (isAsked ? 10 : nil))
        if let place = report.outcome.failure?.backtrace.first { #expect(place.contains("sidekiq_jobs.rb:")) }
        let words = "gave up on Billing::ChargeJob"
        if gaveUpAfter.isEmpty {
            #expect(!rig.lines.contains { $0.contains(words) })
        } else {
            rig.turn(within: 5) { rig.lines.contains { $0.contains(words) } }
            #expect(rig.lines.contains { $0.contains(words) && $0.contains("after \(gaveUpAfter): ") })
        }
    }

    @Test("its jobs run in threads beside each other")
    func threads() throws {
        let rig = try rig(threads: 4)
        let numbers = try (0..<100).map { _ in try rig.start(Array(Self.signUp.utf8), queue: "default") }
        #expect(rig.finish(numbers))
        #expect(numbers.allSatisfy { rig.accounts[$0]?.report?.outcome == .succeeded })
        #expect(numbers.allSatisfy { rig.accounts[$0]?.report?.children.count == 6 })
        #expect(rig.pids.count == 1)
    }
}
