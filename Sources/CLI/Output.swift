import ArgumentParser
import Glibc
import Platform

/// What commands print: answers on standard output, everything else on standard error. For one thread.
enum Output {
    /// What kept an answer from being written; nothing more is written then.
    nonisolated(unsafe) private static var problem: SystemError?

    static func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
    static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }
    static func bytes(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    /// To be called when all has been printed.
    ///
    /// - Throws: `Exit.output` if an answer could not be written: who reads it must not take it for whole.
    static func finish() throws {
        if problem != nil { throw Exit.output }
    }

    private static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    /// Writes all, through signals and partial writes. A reader that went away (`| head`) ends the program by SIGPIPE,
    /// as it does any other. Where an answer cannot be written (a full disk), that is said once, and the command does
    /// what else it has to do: `finish` tells how it went.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        guard descriptor != STDOUT_FILENO || problem == nil else { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                let code = errno
                if code == EAGAIN {
                    var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&place, 1, -1)
                    continue
                }
                guard descriptor == STDOUT_FILENO else { return }
                let problem = SystemError(code: code, doing: "write standard output")
                self.problem = problem
                error("martlet: \(problem)")
                return
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
