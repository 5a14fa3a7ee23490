import JobModel
import Testing

@Suite("Pushing a job")
struct JobDraftTests {
    private func prepare(_ source: String) throws -> JobDraft.Prepared {
        try JobDraft.prepare(Array(source.utf8), now: now, newJID: "0123456789abcdef01234567")
    }

    @Test("what is missing is added, and nothing else changes")
    func completes() throws {
        let prepared = try prepare(#"{"class":"C","args":[1.0]}"#)
        #expect(
            text(prepared.payload)
                == #"{"class":"C","args":[1.0],"queue":"default","retry":true,"jid":"0123456789abcdef01234567","created_at":1794700800123,"enqueued_at":1794700800123}"#
        )
        #expect(prepared.queue.text == "default")
        #expect(prepared.jid == "0123456789abcdef01234567")
        #expect(prepared.at == nil)
    }

    @Test("what the producer chose is kept")
    func keeps() throws {
        let source =
            #"{"class":"C","args":[],"queue":"high","retry":false,"jid":"mine","created_at":1.5,"enqueued_at":2}"#
        let prepared = try prepare(source)
        #expect(
            text(prepared.payload)
                == #"{"class":"C","args":[],"queue":"high","retry":false,"jid":"mine","created_at":1.5,"enqueued_at":1794700800123}"#
        )
        #expect(prepared.queue.text == "high")
        #expect(prepared.jid == "mine")
    }

    @Test(
        "at is an instant, or a number of seconds from now if it is small",
        arguments: [
            ("1794700860", 1_794_700_860), ("60", 1_794_700_860.123), ("0.5", 1_794_700_800.623), ("1e10", 1e10),
            ("999999999", 2_794_700_799.123),
        ])
    func scheduled(_ at: String, _ due: Double) throws {
        let prepared = try prepare("{\"at\":\(at),\"class\":\"C\",\"args\":[],\"enqueued_at\":1}")
        #expect(prepared.at == due)
        let object = try JSONObject(scanning: prepared.payload)
        #expect(object.member("at") == nil)
        #expect(object.member("enqueued_at") == nil)
        #expect(object.timestamp("created_at") == now)
    }

    @Test(
        "a job that is due already is pushed at once",
        arguments: ["1794700800.123", "1000000000", "0", "-60", "-1e400", "null"])
    func due(_ at: String) throws {
        let prepared = try prepare("{\"class\":\"C\",\"args\":[],\"at\":\(at)}")
        #expect(prepared.at == nil)
        #expect(try JSONObject(scanning: prepared.payload).timestamp("enqueued_at") == now)
        #expect(try JSONObject(scanning: prepared.payload).member("at") == nil)
    }

    @Test(
        "the member that is wrong is named",
        arguments: [
            (#"{"args":[]}"#, "class"), (#"{"class":"","args":[]}"#, "class"), (#"{"class":"C"}"#, "args"),
            (#"{"class":"C","args":{}}"#, "args"), (#"{"class":"C","args":[],"jid":7}"#, "jid"),
            (#"{"class":"C","args":[],"queue":""}"#, "queue"), (#"{"class":"C","args":[],"queue":7}"#, "queue"),
            (#"{"class":"C","args":[],"retry_queue":"\n"}"#, "retry_queue"),
            (#"{"class":"C","args":[],"retry":"3"}"#, "retry"),
            (#"{"class":"C","args":[],"retry":1.5}"#, "retry"),
            (#"{"class":"C","args":[],"retry_for":1000000001}"#, "retry_for"),
            (#"{"class":"C","args":[],"retry_for":true}"#, "retry_for"),
            (#"{"class":"C","args":[],"tags":"x"}"#, "tags"),
            (#"{"class":"C","args":[],"at":"tomorrow"}"#, "at"), (#"{"class":"C","args":[],"at":1795315261885}"#, "at"),
            (#"{"class":"C","args":[],"at":1e18}"#, "at"), (#"{"class":"C","args":[],"at":1e400}"#, "at"),
        ])
    func refused(_ source: String, _ name: String) {
        let error = #expect(throws: DraftError.self) { try prepare(source) }
        guard case .member(name, let advice) = error else {
            Issue.record("\(String(describing: error)) names \(name)")
            return
        }
        #expect(error?.description == "\(name) \(advice)")
    }

    @Test("what is no object, or would be routed differently by different parsers, is refused")
    func malformed() {
        #expect(throws: DraftError.json(JSONError(offset: 0, reason: .notAnObject))) { try prepare("[]") }
        #expect(throws: DraftError.json(JSONError(offset: 2, reason: .trailingBytes))) { try prepare("{}x") }
        #expect(throws: DraftError.duplicateMember("queue")) {
            try prepare(#"{"class":"C","args":[],"queue":"a","queue":"b"}"#)
        }
    }

    @Test("a job made from a command line is a job")
    func written() throws {
        let plain = JobDraft.object(class: "A\"B", arguments: [Array("1.0".utf8), Array(#"{"x":[]}"#.utf8)])
        #expect(text(plain) == #"{"class":"A\"B","args":[1.0,{"x":[]}]}"#)
        let full = JobDraft.object(
            class: "C", arguments: [], queue: "high", options: [("retry", Array("3".utf8))], at: 60)
        #expect(text(full) == #"{"class":"C","args":[],"queue":"high","retry":3,"at":60.0}"#)
        let prepared = try JobDraft.prepare(full, now: now, newJID: "j")
        #expect(prepared.at == 1_794_700_860.123)
        #expect(prepared.queue.text == "high")
    }
}
