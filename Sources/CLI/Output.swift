import ArgumentParser
import Glibc
import Platform

/// What commands print: answers on standard output, everything else on standard error.
enum Output {
    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
    static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }
    static func bytes(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    /// Writes all, through signals and partial writes. A reader that went away (`| head`) ends the program by SIGPIPE,
    /// as it does any other; an answer that cannot be written (a full disk) ends it with status 74, for who reads the file
    /// must not take it for whole.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                let problem = SystemError(code: errno, doing: "write standard output")
                guard descriptor == STDOUT_FILENO else { return }
                error("martlet: \(problem)")
                Glibc.exit(Exit.output.rawValue)
            }
        }
    }

    /// A table with aligned columns; numbers (by the header's leading space) to the right.
    ///
    /// - Parameter columns: headers, those that begin with a space are aligned right.
    static func table(_ columns: [String], _ rows: [[String]]) -> String {
        let heads = columns.map { $0.hasPrefix(" ") ? String($0.dropFirst()) : $0 }
        let widths = heads.indices.map { column in
            ([heads[column]] + rows.map { $0[column] }).map(\.count).max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { column in
                let fill = String(repeating: " ", count: widths[column] - cells[column].count)
                return columns[column].hasPrefix(" ") ? fill + cells[column] : cells[column] + fill
            }
            let text = padded.joined(separator: "  ")
            return String(text.prefix(text.count - text.reversed().prefix { $0 == " " }.count))
        }
        return ([line(heads)] + rows.map(line)).joined(separator: "\n")
    }
}
