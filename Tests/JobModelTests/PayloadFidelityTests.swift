import JobModel
import Testing

@Suite("What a producer wrote stays as it was")
struct PayloadFidelityTests {
    /// Everything a parser that decodes and encodes again would change.
    static let awkward = [
        #"{"class":"C","args":[1.0,1e400,-0,12345678901234567890,9007199254740993,1.10,-0.0,1E+2]}"#,
        #"{"args":[],"class":"C"}"#, #"{"class":"C","args":{}}"#, #"{"class":"C","args":[[],{},"",null]}"#,
        #"{"class":"C","args":["é","\u00e9","e\u0301","日本","🦅","\ud83e\udd85","\/","/","\u002f"]}"#,
        #"{"class":"C","args":["\ud800","\udc00\ud800"],"note":"\uDFFF"}"#, #"{"cl\u0061ss":"C","args":[1]}"#,
        #"{"class":"C","args":[{"a":1,"a":2}],"tags":["x"],"tags":["y"],"cattr":{"k":1.0},"cattr":null}"#,
        #"{"unknown":{"deep":[1.0,{"x":"\t"}]},"class":"C","":0,"bid":"b","overrated":3,"expiry":1e9}"#,
        "{\r\n  \"class\" : \"C\" ,\n\t\"args\" : [ 1 , 2 ]\n}\n", "{\"class\":\"C\",\"e\u{301}\":1,\"\u{E9}\":2}",
        #"{"class":"C","args":["<script>\u003c\u2028","\u0000"],"retry":"3","queue":"low","jid":"j"}"#,
    ]

    private static let written: Set<String> = [
        "queue", "error_message", "error_class", "failed_at", "retried_at", "retry_count", "enqueued_at",
    ]

    /// All members but those the daemon writes, name and value as they are spelled.
    private func foreign(_ payload: [UInt8]) throws -> [String] {
        let object = try JSONObject(scanning: payload)
        return zip(object.members, members(object)).filter { !Self.written.contains(text(object.bytes[$0.0.key])) }.map(
            \.1)
    }

    @Test("through retries, promotion and death, byte for byte", arguments: awkward)
    func wholeLife(_ source: String) throws {
        var payload = Array(source.utf8)
        let original = try foreign(payload)
        for _ in 0..<3 {
            let verdict = verdict(.failed(boom), try Job(decoding: payload))
            #expect(verdict.isRetry)
            payload = try #require(verdict.payload)
            #expect(try foreign(payload) == original)
            payload = try #require(PromotedPayload.make(payload, now: now)).payload
            #expect(try foreign(payload) == original)
        }
        let burial = verdict(.dead(boom), try Job(decoding: payload))
        #expect(burial.isBurial)
        #expect(try foreign(#require(burial.payload)) == original)
    }

    @Test("the text before the added members does not change at all", arguments: awkward)
    func prefix(_ source: String) throws {
        let members = try object(source).members
        let end = try #require(members.last).value.upperBound
        let kept = Array(source.utf8)[..<end]
        if !source.contains(#""queue""#) {
            #expect(try #require(verdict(.failed(boom), job(source)).payload).starts(with: kept))
        }
        let promoted = try #require(PromotedPayload.make(Array(source.utf8), now: now)).payload
        #expect(promoted.starts(with: kept))
        #expect(text(promoted) == text(kept) + #","enqueued_at":1794700800123"# + text(Array(source.utf8)[end...]))
    }

    @Test(
        "through a push, byte for byte",
        arguments: awkward.filter { $0.contains("\"args\":[") && !$0.contains("\"3\"") })
    func push(_ source: String) throws {
        let prepared = try JobDraft.prepare(Array(source.utf8), now: now, newJID: "new")
        #expect(text(prepared.payload).hasPrefix(String(source.dropLast())))
    }

    @Test("made-up jobs keep all they hold through a failure", arguments: 0..<4)
    func madeUp(_ seed: UInt64) throws {
        var maker = RandomJSON(seed: 500 + seed)
        for _ in 0..<500 {
            let source = #"{"class":"C","made_up":"# + maker.object() + "}"
            let payload = try #require(try verdict(.failed(boom), job(source)).payload)
            #expect(text(payload).hasPrefix(String(source.dropLast())))
        }
    }
}
