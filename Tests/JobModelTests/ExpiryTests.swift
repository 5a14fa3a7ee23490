import Testing

@testable import JobModel

@Suite("A job that expires")
struct ExpiryTests {
    private static let made = #""created_at":1794700000000"#
    private static let end = Timestamp(milliseconds: 1_794_700_300_000)

    @Test(
        "says when, in any form a time can have",
        arguments: [
            "1794700300.0", "1794700300", "1794700300000", #""1794700300""#, #""2026-11-14T23:51:40Z""#, "17947003e2",
        ])
    func forms(_ value: String) throws {
        #expect(try job(with: #""expiry":\#(value)"#).expiresAt == Self.end)
    }

    @Test("or how long after it was made")
    func lifetime() throws {
        #expect(try job(with: Self.made + #","expires_in":300"#).expiresAt == Self.end)
        #expect(try job(with: #""created_at":1794700000.0,"expires_in":300.0"#).expiresAt == Self.end)
        // What was said later counts more.
        #expect(try job(with: Self.made + #","expires_in":7,"expiry":1794700300.0"#).expiresAt == Self.end)
        #expect(try job(with: Self.made + #","expires_in":300,"expiry":null"#).expiresAt == Self.end)
    }

    @Test("or how long after it was put on its queue, whoever moved it there from the schedule")
    func moved() throws {
        let made = #""created_at":1794600000000"#
        for enqueued in ["1794700000000", "1794700000.0"] {
            let members = made + #","expires_in":300,"enqueued_at":\#(enqueued)"#
            #expect(try job(with: members).expiresAt == Self.end)
        }
        let earlier = Self.made + #","expires_in":300,"enqueued_at":1794600000000"#
        #expect(try job(with: earlier).expiresAt == Self.end, "the later of both counts")
    }

    @Test("does not by how long once it has failed, as each retry is put on its queue anew")
    func failed() throws {
        let members = Self.made + #","enqueued_at":1794700000000,"expires_in":300"#
        for failure in [#","retry_count":0"#, #","failed_at":1794700001000"#, #","retry_count":-1,"failed_at":1.5"#] {
            #expect(try job(with: members + failure).expiresAt == nil, "\(failure)")
            #expect(try job(with: members + failure + #","expiry":1794700300.0"#).expiresAt == Self.end, "\(failure)")
        }
    }

    @Test("keeps its time over its first failure here, unless it is dead: whoever puts it back wants it run")
    func firstFailure() throws {
        let source = try job(with: Self.made + #","expires_in":300"#)
        let record = FailureRecord(
            of: Failure(errorClass: "E", message: "m"), job: source, queue: .standard, now: now, as: .eight)
        let retried = try Job(decoding: record.payload(storedBacktrace: nil))
        #expect(retried.retryCount == 0 && retried.expiresAt == Self.end)
        let dead = try Job(decoding: record.payload(storedBacktrace: nil, isRetried: false))
        #expect(dead.retryCount == 0 && dead.expiresAt == nil)
    }

    @Test(
        "never does so by a value that cannot be read",
        arguments: [
            "", #""expiry":"tomorrow""#, #""expiry":true"#, #""expiry":0"#, #""expiry":300"#, #""expiry":{}"#,
            #""expiry":-1e300"#, made + #","expires_in":"soon""#, made + #","expires_in":0"#,
            made + #","expires_in":-5"#, made + #","expires_in":1e300"#, #""expires_in":300"#,
            made + #","expires_in":300,"expiry":"tomorrow""#,
        ])
    func unreadable(_ members: String) throws {
        #expect(try job(with: members).expiresAt == nil)
    }

    @Test("does not once it has begun, as its checkpoint says")
    func begun() throws {
        #expect(try job(with: #""expiry":1794700300.0,"martlet_checkpoint":{"row":7}"#).expiresAt == nil)
    }

    @Test("counts from when it is due if it was scheduled, and not from a retry")
    func promoted() throws {
        let source = Array(#"{"class":"C","args":[],"created_at":1794700000000,"expires_in":60}"#.utf8)
        let due = 1_794_700_240.0
        let promoted = try #require(PromotedPayload.make(source, now: now, due: due)).payload
        #expect(
            text(promoted)
                == #"{"class":"C","args":[],"created_at":1794700000000,"expires_in":60,"enqueued_at":1794700800123,"expiry":1794700300.0}"#
        )
        #expect(try Job(decoding: promoted).expiresAt == Self.end)
        let again = try #require(PromotedPayload.make(promoted, now: now, due: due + 1000)).payload
        #expect(try Job(decoding: again).expiresAt == Self.end, "once it is written it stays")
        let retried = try #require(PromotedPayload.make(source, now: now)).payload
        #expect(try JSONObject(scanning: retried).member("expiry") == nil)
    }

    @Test("gets its time with its push, and a push of one that makes no sense is refused")
    func pushed() throws {
        func push(_ members: String) throws -> Job {
            let source = Array(#"{"class":"C","args":[],\#(members)}"#.utf8)
            return try Job(decoding: JobDraft.prepare(source, now: now, newJID: "j").payload)
        }
        #expect(try push(#""expires_in":60"#).expiresAt == Timestamp(milliseconds: now.milliseconds + 60_000))
        let later = now.seconds + 1000
        #expect(try push(#""expires_in":60,"at":\#(later)"#).expiresAt == Timestamp(seconds: later + 60))
        #expect(try push(#""expires_in":60,"expiry":1794700300.0"#).expiresAt == Self.end)
        #expect(throws: DraftError.self) { try push(#""expires_in":0"#) }
        #expect(throws: DraftError.self) { try push(#""expires_in":"5m""#) }
    }
}
