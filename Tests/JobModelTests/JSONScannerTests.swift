import JobModel
import Testing

@Suite("Which bytes are JSON")
struct JSONScannerTests {
    @Test(
        "every form the standard allows is accepted",
        arguments: [
            "{}", " \t\r\n{ } \n", #"{"a":1}"#, #"{"":""}"#, #"{"a":[],"b":{},"c":null,"d":true,"e":false}"#,
            #"{"a":[0,-0,1.0,1e400,-1.5E+10,0e0,12345678901234567890,9007199254740993]}"#,
            #"{"a":"\"\\\/\b\f\n\r\t\u0000\uFFFF\uabCD"}"#, #"{"a":"\ud800"}"#, #"{"a":"\udc00\ud800"}"#,
            "{\"é日🦅\":\"\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}\"}", #"{"a":1,"a":2}"#,
        ])
    func accepts(_ text: String) throws { _ = try object(text) }

    @Test(
        "anything else is refused, with the reason and the place",
        arguments: [
            ("", 0, JSONError.Reason.unexpectedEnd), ("   ", 3, .unexpectedEnd), ("{", 1, .unexpectedEnd),
            (#"{"a"#, 3, .unexpectedEnd), (#"{"a""#, 4, .unexpectedEnd), (#"{"a":"#, 5, .unexpectedEnd),
            (#"{"a":1"#, 6, .unexpectedEnd), (#"{"a":1,"#, 7, .unexpectedEnd), (#"{"a":tru"#, 8, .unexpectedEnd),
            (#"{"a":"\"#, 7, .unexpectedEnd), (#"{"a":-"#, 6, .unexpectedEnd),
            ("[]", 0, .notAnObject), ("null", 0, .notAnObject), (" \"x\"", 1, .notAnObject), ("-1", 0, .notAnObject),
            ("hello", 0, .unexpectedByte), ("\u{FEFF}{}", 0, .byteOrderMark),
            ("{,}", 1, .unexpectedByte), ("{'a':1}", 1, .unexpectedByte), ("{a:1}", 1, .unexpectedByte),
            (#"{"a" 1}"#, 5, .unexpectedByte), (#"{"a":1 "b":2}"#, 7, .unexpectedByte),
            (#"{"a":}"#, 5, .unexpectedByte),
            (#"{"a":True}"#, 5, .unexpectedByte), (#"{"a":nul}"#, 8, .unexpectedByte),
            (#"{"a":NaN}"#, 5, .unexpectedByte),
            (#"{"a":Infinity}"#, 5, .unexpectedByte), (#"{"a":/**/1}"#, 5, .unexpectedByte),
            (#"{"a":[1}"#, 7, .unexpectedByte),
            (#"{"a":1,}"#, 7, .trailingComma), (#"{"a":[1,]}"#, 8, .trailingComma),
            (#"{"a":{"b":1 , }}"#, 14, .trailingComma),
            (#"{"a":01}"#, 6, .badNumber), (#"{"a":-}"#, 6, .badNumber), (#"{"a":1.}"#, 7, .badNumber),
            (#"{"a":1e}"#, 7, .badNumber), (#"{"a":1e+}"#, 8, .badNumber), (#"{"a":-01}"#, 7, .badNumber),
            (#"{"a":.5}"#, 5, .unexpectedByte), (#"{"a":+1}"#, 5, .unexpectedByte),
            (#"{"a":0x10}"#, 6, .unexpectedByte),
            (#"{"a":"\x41"}"#, 7, .badEscape), (#"{"a":"\u12g4"}"#, 10, .badEscape), (#"{"a":"\u12"}"#, 10, .badEscape),
            ("{\"a\":\"\n\"}", 6, .controlCharacter), ("{\"a\":\"seven b\u{0}\"}", 13, .controlCharacter),
            ("{\"a\tb\":1}", 3, .controlCharacter), ("{\"a\":\u{0}1}", 5, .unexpectedByte),
            ("{}{}", 2, .trailingBytes), ("{} x", 3, .trailingBytes), ("{}\u{0}", 2, .trailingBytes),
        ])
    func refuses(_ text: String, offset: Int, reason: JSONError.Reason) {
        #expect(throws: JSONError(offset: offset, reason: reason)) { try object(text) }
    }

    @Test(
        "bytes that are not UTF-8 are refused wherever they stand",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xF0, 0x9F, 0xA6],
        ] as [[UInt8]])
    func refusesBadUTF8(_ bytes: [UInt8]) {
        for padding in 0...9 {
            let head = Array(("{\"a\":\"" + String(repeating: "x", count: padding)).utf8)
            #expect(throws: JSONError(offset: head.count, reason: .invalidUTF8)) {
                try JSONObject(scanning: head + bytes + Array("\"}".utf8))
            }
            #expect(throws: JSONError.self) { try JSONObject(scanning: head + bytes) }
        }
    }

    @Test("UTF-16 and its byte order marks are refused", arguments: [[0xFE, 0xFF], [0xFF, 0xFE]] as [[UInt8]])
    func refusesUTF16(_ mark: [UInt8]) {
        #expect(throws: JSONError(offset: 0, reason: .byteOrderMark)) {
            try JSONObject(scanning: mark + [0x7B, 0x00, 0x7D, 0x00])
        }
    }

    @Test("a payload may nest a hundred deep and no deeper, and a million levels only cost a refusal")
    func depth() throws {
        func nested(_ levels: Int, _ open: String, _ close: String) -> String {
            #"{"a":"# + String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels) + "}"
        }
        _ = try object(nested(99, "[", "]"))
        _ = try object(nested(99, #"{"b":"#, "}"))
        #expect(throws: JSONError(offset: 104, reason: .tooDeep)) { try object(nested(100, "[", "]")) }
        #expect(throws: JSONError.self) { try object(nested(100, #"{"b":"#, "}")) }
        #expect(throws: JSONError(offset: 104, reason: .tooDeep)) { try object(nested(1_000_000, "[", "]")) }
    }

    @Test("a text that breaks off anywhere is refused")
    func prefixes() throws {
        let whole = Array(#"{"class":"Ünïcode \u00e9","args":[1.5e3,{"a":[null,true]}],"x":"🦅 and more text"}"#.utf8)
        _ = try JSONObject(scanning: whole)
        for length in whole.indices {
            #expect(throws: JSONError.self) { try JSONObject(scanning: Array(whole[..<length])) }
        }
    }

    @Test("an error reads like a sentence about the payload")
    func wording() {
        #expect("\(JSONError(offset: 17, reason: .trailingComma))" == "a comma with nothing after it at byte 17")
    }

    @Test("a lone value of any sort is recognised, as an argument of a push")
    func kinds() throws {
        func kind(_ text: String) throws -> JSONKind { try JSONText.kind(scanning: Array(text.utf8)) }
        #expect(try kind(" 42 ") == .number)
        #expect(try kind(#""x""#) == .string)
        #expect(try kind("[1]") == .array)
        #expect(try kind("{}") == .object)
        #expect(try kind("true") == .true)
        #expect(try kind("false") == .false)
        #expect(try kind("null") == .null)
        #expect(throws: JSONError.self) { try kind("hello") }
        #expect(throws: JSONError(offset: 2, reason: .trailingBytes)) { try kind("1 2") }
        #expect(throws: JSONError(offset: 0, reason: .unexpectedEnd)) { try kind("") }
        #expect(throws: JSONError(offset: 1, reason: .tooDeep)) {
            try JSONText.kind(scanning: Array("[[1]]".utf8), depthLimit: 1)
        }
    }
}
