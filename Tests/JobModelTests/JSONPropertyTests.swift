import JobModel
import Testing

@Suite("Whatever bytes come, the scanner and the splice keep their word")
struct JSONPropertyTests {
    @Test("made-up objects are accepted, and spoiled ones exactly when the standard allows them", arguments: 0..<8)
    func acceptance(_ seed: UInt64) {
        var maker = RandomJSON(seed: seed)
        var refused = 0
        for _ in 0..<1500 {
            let text = maker.object()
            #expect(throws: Never.self) { try object(text) }
            let spoiled = maker.spoil(text)
            let isAccepted = (try? JSONObject(scanning: spoiled)) != nil
            if isAccepted != ReferenceJSON.acceptsObject(spoiled) {
                Issue.record("seed \(seed): accepted is \(isAccepted) for \(spoiled)")
            }
            refused += isAccepted ? 0 : 1
        }
        #expect(refused > 300, "the spoiling spoils")
    }

    @Test("setting a member changes that member and no other byte of the others", arguments: 0..<4)
    func setting(_ seed: UInt64) throws {
        var maker = RandomJSON(seed: 100 + seed)
        for _ in 0..<1000 {
            let before = try object(maker.object())
            var splice = PayloadSplice(before)
            splice.set("jid", to: Array("[7]".utf8))
            let after = try JSONObject(scanning: splice.bytes())
            var wanted = zip(before.members, members(before)).map { member, text in
                isJID(before, member) ? String(text.prefix { $0 != "=" }) + "=[7]" : text
            }
            if before.member("jid") == nil { wanted.append("jid=[7]") }
            #expect(members(after) == wanted)
        }
    }

    @Test("removing a member leaves all others, in order, byte for byte", arguments: 0..<4)
    func removing(_ seed: UInt64) throws {
        var maker = RandomJSON(seed: 200 + seed)
        for _ in 0..<1000 {
            let before = try object(maker.object())
            var splice = PayloadSplice(before)
            splice.remove("jid")
            let after = try JSONObject(scanning: splice.bytes())
            #expect(members(after) == zip(before.members, members(before)).filter { !isJID(before, $0.0) }.map(\.1))
        }
    }

    @Test("whatever is made up, decoding it as a job ends in a job or a named reason")
    func decoding() throws {
        var maker = RandomJSON(seed: 300)
        var jobs = 0
        for _ in 0..<2000 {
            var splice = PayloadSplice(try object(maker.object()))
            if Bool.random(using: &maker.random) { splice.set("class", toText: "C") }
            guard let job = try? Job(decoding: splice.bytes()) else { continue }
            jobs += 1
            for outcome in [Outcome.failed(boom), .dead(boom)] {
                if let payload = verdict(outcome, job).payload {
                    #expect(throws: Never.self) { try Job(decoding: payload) }
                }
            }
        }
        #expect(jobs > 100)
    }

    @Test("any text survives quoting and reading back")
    func quoting() throws {
        var random = SplitMix64(seed: 400)
        for _ in 0..<2000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                let limit: UInt32 = [0x30, 0x80, 0x3000, 0x110000][Int.random(in: 0...3, using: &random)]
                if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) { scalars.append(scalar) }
            }
            let text = String(scalars)
            let bytes = Array("{\"a\":".utf8) + JSONText.quote(text) + Array("}".utf8)
            #expect(try JSONObject(scanning: bytes).string("a").map { Array($0.utf8) } == Array(text.utf8))
        }
    }

    /// Whether a member is called jid, found out without asking the object.
    private func isJID(_ object: JSONObject, _ member: JSONMember) -> Bool {
        ["jid", #"j\u0069d"#].contains(text(object.bytes[member.key]))
    }
}
