import Glibc
import Platform

/// One line on a terminal that says what is being measured; nothing elsewhere.
enum Progress {
    private static let isShown = isatty(STDERR_FILENO) == 1

    static func show(_ text: String) { write("\r\u{1B}[K\(text)") }
    static func end() { write("\r\u{1B}[K") }

    private static func write(_ text: String) {
        guard isShown else { return }
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
