/// Text that others wrote, for a terminal.
enum TerminalText {
    /// Without what a terminal obeys: control characters are shown as escapes, on one line.
    static func line(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: shown += "\\n"
            case 0x09: shown += "\\t"
            case ..<0x20, 0x7F..<0xA0: shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    /// The same, and no longer than so many characters.
    static func cell(_ text: String, atMost longest: Int = 60) -> String {
        // A text of megabytes is not looked through for the few characters that are shown.
        let shown = line(String(text.prefix(longest + 1)))
        return shown.count > longest ? "\(shown.prefix(longest - 1))…" : shown
    }
}
