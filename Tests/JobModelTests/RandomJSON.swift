/// Makes up JSON text, with all the liberties the format leaves, and then spoils it.
struct RandomJSON {
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// An object with up to eight members, some of them with names the daemon knows, some twice.
    mutating func object(depth: Int = 0) -> String {
        let members = (0..<Int.random(in: 0...8, using: &random)).map { _ in
            key() + space() + ":" + space() + value(depth: depth + 1)
        }
        return "{" + space() + members.joined(separator: space() + "," + space()) + space() + "}"
    }

    /// Bytes that differ from the text in up to three places.
    mutating func spoil(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0...4, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(strayByte(), at: place)
            case 2: bytes[place] = strayByte()
            case 3: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &random))
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }

    private mutating func strayByte() -> UInt8 {
        let telling =
            Array("{}[]\",:\\/0123456789-+.eEtfnu \n\r\t".utf8) + [
                0x00, 0x1F, 0x7F, 0x80, 0xBF, 0xC0, 0xC3, 0xED, 0xF4, 0xFF,
            ]
        return Bool.random(using: &random) ? pick(telling) : UInt8.random(in: .min ... .max, using: &random)
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0...(depth < 5 ? 8 : 6), using: &random) {
        case 0: return "true"
        case 1: return "false"
        case 2: return "null"
        case 3, 4:
            return pick(["0", "-0", "1.0", "1e400", "-1.10E-05", "12345678901234567890", "9007199254740993", "7"])
        case 5, 6: return string()
        case 7: return object(depth: depth)
        default:
            let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth: depth + 1) }
            return "[" + space() + elements.joined(separator: space() + "," + space()) + space() + "]"
        }
    }

    private mutating func key() -> String {
        pick([
            #""class""#, #""jid""#, #""queue""#, #""retry_count""#, #""error_message""#, #""j\u0069d""#, #""""#,
            string(),
            string(),
        ])
    }

    private mutating func string() -> String {
        let pieces = [
            "a", "plain text long enough for a whole word", "é", "e\u{301}", "日本", "🦅", "\u{7F}", #"\""#, #"\\"#,
            #"\/"#,
            #"\n"#, #"\u00e9"#, #"\uD83E\uDD85"#, #"\ud800"#, #"\udc00\ud800"#, "{", "]", ",", " ",
        ]
        let text = (0..<Int.random(in: 0...5, using: &random)).map { _ in pick(pieces) }.joined()
        return "\"\(text)\""
    }

    private mutating func space() -> String { pick(["", "", "", " ", "\n", "\r\n", "\t "]) }

    private mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        guard let choice = choices.randomElement(using: &random) else { preconditionFailure("there is a choice") }
        return choice
    }
}
