import Foundation
import JobModel
import Testing

/// Payloads as clients of Sidekiq 7 and 8 write them, and some foreign ones, kept beside the tests.
private enum PayloadFixture {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/sidekiq-payloads")

    static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).filter { $0.hasSuffix(".json") }
        .sorted()

    /// Without the line feed at the end of the file.
    static func payload(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: directory.appending(path: name)).dropLast())
    }

    static let cases = names.flatMap { name in [SidekiqMajor.seven, .eight].map { (name, $0) } }
}

@Suite("Payloads of Sidekiq 7 and 8")
struct SidekiqPayloadTests {
    private static let written: Set<String> = [
        "queue", "error_message", "error_class", "failed_at", "retried_at", "retry_count", "error_backtrace",
        "enqueued_at",
    ]

    private func foreign(_ payload: [UInt8]) throws -> [String] {
        let object = try JSONObject(scanning: payload)
        return zip(object.members, members(object)).filter { !Self.written.contains(text(object.bytes[$0.0.key])) }.map(
            \.1)
    }

    private func raw(_ name: String, _ payload: [UInt8]) throws -> String? {
        let object = try JSONObject(scanning: payload)
        return object.member(name).map { text(object.raw($0)) }
    }

    /// `now` of these tests.
    private func literal(_ major: SidekiqMajor) -> String {
        switch major {
        case .eight: "1794700800123"
        case .seven: "1794700800.123"
        }
    }

    @Test("are read alike, whichever form their times have", arguments: PayloadFixture.names)
    func times(_ name: String) throws {
        let job = try Job(decoding: PayloadFixture.payload(name))
        #expect(job.createdAt == Timestamp(milliseconds: 1_795_315_261_885))
        if job.retryCount != nil { #expect(abs(try #require(job.failedAt).milliseconds - 1_795_315_262_001) <= 1) }
        #expect(job.jid == "b4a577edbccf1d805744efa9")
    }

    @Test(
        "keep all they have through failure and promotion, and get times as the setting says",
        arguments: PayloadFixture.cases)
    func life(_ name: String, _ major: SidekiqMajor) throws {
        let payload = try PayloadFixture.payload(name)
        let job = try Job(decoding: payload)
        let policy = RetryPolicy(sidekiq: major)
        let verdict = Verdict.decide(
            .failed(boom), for: job, from: source, under: policy, now: now, chance: 0, storedBacktrace: "eJw")
        guard name.hasSuffix("dead.json") || name.contains("options") else {
            #expect(verdict.isRetry)
            let failed = try #require(verdict.payload)
            #expect(try foreign(failed) == foreign(payload))
            if job.retryCount == nil {
                #expect(try raw("failed_at", failed) == literal(major))
                #expect(try raw("retried_at", failed) == nil)
            } else {
                #expect(try raw("failed_at", failed) == raw("failed_at", payload), "the first failure keeps its date")
                #expect(try raw("retried_at", failed) == literal(major))
            }
            let promoted = try #require(PromotedPayload.make(failed, now: now, as: major)).payload
            #expect(try foreign(promoted) == foreign(payload))
            #expect(try raw("enqueued_at", promoted) == literal(major))
            #expect(try Job(decoding: promoted).enqueuedAt == now)
            return
        }
        guard name.hasSuffix("dead.json") else { return }
        let buried = try #require(verdict.payload)
        #expect(verdict.isBurial)
        #expect(try foreign(buried) == foreign(payload))
        #expect(try raw("retried_at", buried) == literal(major))
    }

    @Test("of Active Job are done by what they wrap", arguments: ["7-activejob.json", "8-activejob.json"])
    func activeJob(_ name: String) throws {
        let job = try Job(decoding: PayloadFixture.payload(name))
        #expect(job.route.text == "WelcomeJob")
        #expect(job.displayName == "WelcomeJob")
    }

    @Test("of mailers are shown by the mail they send, and done by what sends it")
    func mailer() throws {
        let job = try Job(decoding: PayloadFixture.payload("8-mailer.json"))
        #expect(job.route.text == "ActionMailer::MailDeliveryJob")
        #expect(job.displayName == "UserMailer#welcome")
    }

    @Test("with display_class are shown by it, and done by their class")
    func displayClass() throws {
        let job = try Job(decoding: PayloadFixture.payload("8-options.json"))
        #expect(job.route.text == "HardJob")
        #expect(job.displayName == "Hard")
        let hostile = #"{"class":"C","args":[],"display_class":"a\nb"}"#
        #expect(try Job(decoding: Array(hostile.utf8)).displayName == "C")
    }

    @Test("pushed ones are dated as the setting says, also in whole seconds", arguments: [SidekiqMajor.seven, .eight])
    func pushed(_ major: SidekiqMajor) throws {
        let source = Array(#"{"class":"C","args":[]}"#.utf8)
        let prepared = try JobDraft.prepare(source, now: now, newJID: "j", as: major)
        #expect(try raw("created_at", prepared.payload) == literal(major))
        #expect(try raw("enqueued_at", prepared.payload) == literal(major))
        // A number without a fraction would be taken for milliseconds.
        let whole = try JobDraft.prepare(
            source, now: Timestamp(milliseconds: 1_795_000_000_000), newJID: "j", as: major)
        #expect(try raw("created_at", whole.payload) == (major == .seven ? "1795000000.0" : "1795000000000"))
    }

    @Test("cancelled and poisoned ones are dated as the setting says", arguments: [SidekiqMajor.seven, .eight])
    func buriedByUs(_ major: SidekiqMajor) throws {
        let job = try job(with: "")
        let cancelled = try #require(CancelledPayload.make(job, from: source, boom, now: now, as: major))
        #expect(try raw("failed_at", cancelled) == literal(major))
        let death = try #require(
            CountedDeath(of: job, from: source, lastDeath: "killed", limit: PoisonLimit(), now: now, as: major))
        #expect(try raw("failed_at", death.poisoned) == literal(major))
    }
}
