import JobModel
import Testing

@Suite("What a payload says")
struct JSONObjectTests {
    @Test("every member lies where the text has it")
    func slices() throws {
        let object = try object(#" { "a" : [1, 2] ,"b":"x\"y", "c":{"d":null}, "e":-1.0 } "#)
        #expect(members(object) == ["a=[1, 2]", #"b="x\"y""#, #"c={"d":null}"#, "e=-1.0"])
        #expect(object.members.map(\.kind) == [.array, .string, .object, .number])
    }

    @Test("of a name that stands there twice the last one counts, and both are counted")
    func duplicates() throws {
        let object = try object(#"{"a":1,"b":2,"\u0061":3}"#)
        #expect(object.integer("a") == 3)
        #expect(object.count(of: "a") == 2)
        #expect(object.count(of: "b") == 1)
        #expect(object.count(of: "c") == 0)
        #expect(object.member("c") == nil)
    }

    @Test("an escaped key is the name it spells")
    func escapedKeys() throws {
        let object = try object(#"{"j\u0069d":"x","\ud83e\udd85":1,"a\/b":2,"\ud800":3}"#)
        #expect(object.string("jid") == "x")
        #expect(object.integer("🦅") == 1)
        #expect(object.integer("a/b") == 2)
        #expect(object.members.map(\.keyHasEscapes) == [true, true, true, true])
    }

    @Test("keys that only look alike are different members")
    func canonicalEquivalence() throws {
        let object = try object("{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(object.integer("\u{E9}") == 1)
        #expect(object.integer("e\u{301}") == 2)
        #expect(object.count(of: "\u{E9}") == 1)
    }

    @Test("strings are decoded, escapes, surrogate pairs and all")
    func strings() throws {
        let object = try object(#"{"a":"\"\\\/\b\f\n\r\t\u00e9\uD83E\uDD85é🦅","b":1,"c":""}"#)
        #expect(object.string("a").map { Array($0.utf8) } == Array("\"\\/\u{8}\u{C}\n\r\té🦅é🦅".utf8))
        #expect(object.string("b") == nil)
        #expect(object.string("c") == "")
    }

    @Test(
        "half a surrogate pair becomes a replacement character",
        arguments: [
            (#"\ud800"#, "\u{FFFD}"), (#"\udc00"#, "\u{FFFD}"), (#"a\ud800b"#, "a\u{FFFD}b"),
            (#"\ud800\u0041"#, "\u{FFFD}A"), (#"\ud800\ud83e\udd85"#, "\u{FFFD}🦅"), (#"\ud800\n"#, "\u{FFFD}\n"),
            (#"\udfff\ud800"#, "\u{FFFD}\u{FFFD}"),
        ])
    func loneSurrogates(_ escaped: String, _ meaning: String) throws {
        #expect(try object("{\"a\":\"\(escaped)\"}").string("a") == meaning)
    }

    @Test("only integers that fit are integers")
    func integers() throws {
        let object = try object(
            #"{"a":42,"b":-0,"c":1.0,"d":1e2,"e":9223372036854775807,"f":9223372036854775808,"g":"5","h":true}"#)
        #expect(object.integer("a") == 42)
        #expect(object.integer("b") == 0)
        #expect(object.integer("e") == .max)
        for name in ["c", "d", "f", "g", "h", "absent"] { #expect(object.integer(name) == nil) }
    }

    @Test("a number beyond a double is infinite, not an error")
    func numbers() throws {
        let object = try object(#"{"a":1.5,"b":1e400,"c":-1e400,"d":1e-400,"e":"1"}"#)
        #expect(object.number("a") == 1.5)
        #expect(object.number("b") == .infinity)
        #expect(object.number("c") == -.infinity)
        #expect(object.number("d") == 0)
        #expect(object.number("e") == nil)
    }

    @Test("only true and false are true or false")
    func bools() throws {
        let object = try object(#"{"a":true,"b":false,"c":1,"d":"true","e":null}"#)
        #expect(object.bool("a") == true)
        #expect(object.bool("b") == false)
        for name in ["c", "d", "e", "absent"] { #expect(object.bool(name) == nil) }
    }

    @Test("the elements of an array are handed out as they are written")
    func elements() throws {
        let object = try object(#"{"a":[ 1.0 , "x",[2 ,3],{"b":[]} ],"b":[],"c":{},"d":["p",1,"\u0071",null]}"#)
        #expect(object.elements(of: "a")?.map { text(object.bytes[$0]) } == ["1.0", #""x""#, "[2 ,3]", #"{"b":[]}"#])
        #expect(object.elements(of: "b") == [])
        #expect(object.elements(of: "c") == nil)
        #expect(object.elements(of: "absent") == nil)
        #expect(object.strings(of: "d") == ["p", "q"])
        #expect(object.strings(of: "b") == [])
        #expect(object.strings(of: "c") == nil)
    }

    @Test("text is quoted without escaping what dashboards search for")
    func quoting() {
        #expect(text(JSONText.quote("a/b é 🦅 <&>")) == #""a/b é 🦅 <&>""#)
        #expect(
            text(JSONText.quote("\"\\\u{8}\u{9}\n\u{C}\r\u{0}\u{1F}\u{7F}")) == "\"" + #"\"\\\b\t\n\f\r\u0000\u001f"#
                + "\u{7F}\"")
        #expect(text(JSONText.quote("")) == #""""#)
    }
}
