import Logging

/// Who writes the log, and in which order its lines name things.
package struct LogSource: Sendable {
    /// Such as "supervisor" or "worker-0".
    package let component: String
    package let pid: Int32
    /// The names of fields that stand first, in this order; the others follow by the alphabet.
    package let leadingFields: [String]

    package init(component: String, pid: Int32, leadingFields: [String] = []) {
        self.component = component
        self.pid = pid
        self.leadingFields = leadingFields
    }

    /// A record's fields in the order in which they are written, the same in every line.
    func fields(of record: LogRecord) -> [(name: String, value: Logger.MetadataValue)] {
        let rank = { name in leadingFields.firstIndex(of: name) ?? leadingFields.count }
        return record.metadata.sorted { (rank($0.key), $0.key) < (rank($1.key), $1.key) }.map { ($0.key, $0.value) }
    }
}
