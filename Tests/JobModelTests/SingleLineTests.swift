import JobModel
import Testing

@Suite("A payload on one line")
struct SingleLineTests {
    private func line(_ text: String) -> String {
        var line = Array("> ".utf8)
        SingleLine.append(Array(text.utf8), to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    @Test("a payload without line breaks goes to the handler as it is")
    func unchanged() {
        #expect(line(#"{"a":"\n é","b":[1.0, 2]}"#) == "> " + #"{"a":"\n é","b":[1.0, 2]}"#)
        #expect(line("") == "> ")
    }

    @Test("line breaks between members become spaces, wherever they stand")
    func broken() {
        #expect(line("{\n  \"a\": 1,\r\n  \"b\": 2\n}\n") == "> {   \"a\": 1,    \"b\": 2 } ")
        for place in 0..<24 {
            let head = String(repeating: "x", count: place)
            #expect(line(head + "\r" + "yy" + "\n") == "> " + head + " yy ")
        }
    }

    @Test("a payload pretty-printed over many lines means the same on one")
    func meaning() throws {
        let source = Array("{\r\n\t\"class\" :\n\"C\",\n\"args\":[1,\n\n2]\r}".utf8)
        var flat: [UInt8] = []
        SingleLine.append(source, to: &flat)
        #expect(flat.count == source.count)
        #expect(!flat.contains(0x0A) && !flat.contains(0x0D))
        #expect(try JSONObject(scanning: flat).string("class") == "C")
        #expect(try JSONObject(scanning: flat).elements(of: "args")?.count == 2)
    }
}
