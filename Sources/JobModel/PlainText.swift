/// What names that come from payloads must not hold, because they reach environments, logs, terminals and keys.
enum PlainText {
    /// No control characters: neither NUL and the other C0 codes, nor DEL, nor the C1 codes terminals obey.
    ///
    /// - Parameter utf8: valid UTF-8.
    static func hasControls(_ utf8: some Sequence<UInt8>) -> Bool {
        var previous: UInt8 = 0
        for byte in utf8 {
            if byte < 0x20 || byte == 0x7F { return true }
            if previous == 0xC2, byte < 0xA0 { return true }  // U+0080 to U+009F
            previous = byte
        }
        return false
    }

    /// Non-empty, not too long and without control characters.
    static func isName(_ utf8: some Collection<UInt8>, atMost longest: Int) -> Bool {
        !utf8.isEmpty && utf8.count <= longest && !hasControls(utf8)
    }
}
