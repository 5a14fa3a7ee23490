import CSystemd
import Glibc

/// systemd's journal by its native protocol: sd_journal_sendv(3).
package final class JournalOutlet: LogOutlet {
    private let form: JournalForm

    package init(_ form: JournalForm) { self.form = form }

    package func write(_ record: LogRecord, isPatient: Bool) -> Bool {
        let fields = form.fields(for: record)
        // One block for all fields, because the vector points into it.
        let bytes = Array(fields.joined())
        bytes.withUnsafeBytes { bytes in
            var start = 0
            let vector = fields.map { field in
                defer { start += field.count }
                // The journal only reads; iovec has no other pointer to offer.
                return iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: start)),
                    iov_len: field.count)
            }
            // Without a journal nothing is said and nothing is lost that anyone could read.
            sd_journal_sendv(vector, Int32(vector.count))
        }
        return true
    }

    /// Whether standard error is a stream of the journal: JOURNAL_STREAM of systemd.exec(5) names its device and inode.
    package static func isConnected(to fd: Int32, stream: String?) -> Bool {
        var file = stat()
        guard let stream, fstat(fd, &file) == 0 else { return false }
        return stream == "\(file.st_dev):\(file.st_ino)"
    }
}
