import JobModel
import Testing

@Suite("Changing one member leaves the rest of a payload alone")
struct PayloadSpliceTests {
    private func splice(_ source: String, _ change: (inout PayloadSplice) -> Void) throws -> String {
        var splice = PayloadSplice(try object(source))
        change(&splice)
        let bytes = splice.bytes()
        _ = try JSONObject(scanning: bytes)
        return text(bytes)
    }

    private let one = Array("1".utf8)

    @Test("without a change the bytes are the same")
    func nothing() throws {
        #expect(try splice(" { \"a\" :1 }\n") { _ in } == " { \"a\" :1 }\n")
    }

    @Test(
        "a member that exists is replaced in place",
        arguments: [
            (#"{"a":"old","b":2}"#, #"{"a":1,"b":2}"#), (#"{"b":2, "a" : [9] }"#, #"{"b":2, "a" : 1 }"#),
            (#"{"\u0061":{"a":0}}"#, #"{"\u0061":1}"#), (#"{"a":3,"b":2,"a":4}"#, #"{"a":1,"b":2,"a":1}"#),
        ])
    func replaces(_ before: String, _ after: String) throws {
        #expect(try splice(before) { $0.set("a", to: one) } == after)
    }

    @Test(
        "a new member goes behind the last one",
        arguments: [
            (#"{"b":2}"#, #"{"b":2,"a":1}"#), ("{}", #"{"a":1}"#), ("\n{ }\n", "\n{\"a\":1 }\n"),
            ("{\n  \"b\": 2\n}\n", "{\n  \"b\": 2,\"a\":1\n}\n"),
        ])
    func appends(_ before: String, _ after: String) throws {
        #expect(try splice(before) { $0.set("a", to: one) } == after)
    }

    @Test(
        "a member is taken away with its comma",
        arguments: [
            (#"{"a":1,"b":2,"c":3}"#, #"{"b":2,"c":3}"#), (#"{"b":2,"a":1,"c":3}"#, #"{"b":2,"c":3}"#),
            (#"{"b":2,"c":3,"a":1}"#, #"{"b":2,"c":3}"#), (#"{"a":1}"#, "{}"), ("{ \"a\" : 1 }", "{  }"),
            (#"{"a":1,"b":2,"a":3}"#, #"{"b":2}"#), (#"{"a":1,"a":2}"#, "{}"), (#"{"b":2}"#, #"{"b":2}"#),
            (#"{ "a":1 , "b":2 , "c":3 }"#, #"{ "b":2 , "c":3 }"#),
        ])
    func removes(_ before: String, _ after: String) throws {
        #expect(try splice(before) { $0.remove("a") } == after)
    }

    @Test("several changes are made at once, and of two to one member the later counts")
    func several() throws {
        let after = try splice(#"{"a":0,"b":0,"c":0}"#) {
            $0.remove("a")
            $0.set("new", toText: "é\n")
            $0.set("c", to: Timestamp(milliseconds: 7), as: .eight)
            $0.set("b", to: Array("5".utf8))
            $0.set("b", to: Array("6".utf8))
            $0.set("d", to: one)
            $0.remove("d")
        }
        #expect(after == #"{"b":6,"c":7,"new":"é\n"}"#)
    }

    @Test("when all members go and one comes, no comma is left over")
    func replacesAll() throws {
        let after = try splice(#"{"a":0,"b":0}"#) {
            $0.remove("a")
            $0.remove("b")
            $0.set("c", to: one)
        }
        #expect(after == #"{"c":1}"#)
    }
}
