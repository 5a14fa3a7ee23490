/// Somebody wants a job not to be done, or not to its end.
package struct Cancellation: Equatable, Sendable {
    /// Longest name of somebody, in bytes.
    private static let longest = 200

    /// "alice@web1"; never empty.
    package let by: String

    /// - Parameter by: who it is, in a few words; cut, and without control characters.
    package init(by: String) {
        let plain = String(String.UnicodeScalarView(by.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
        let cut = String(decoding: plain.utf8.prefix(Self.longest), as: UTF8.self)
        self.by = cut.isEmpty ? "somebody" : cut
    }

    /// Where a job was when it was cancelled.
    package enum Place: Equatable, Sendable {
        case queue(QueueName)
        case retry
        case schedule
        /// Fetched, and not begun, by this process.
        case unstarted(identity: String)
        case running(identity: String)

        /// After "cancelled by alice@web1".
        package var words: String {
            switch self {
            case .queue(let name): "while it waited in queue \(name.text)"
            case .retry: "while it waited for a retry"
            case .schedule: "while it was scheduled"
            case .unstarted(let identity): "before it began to run in \(identity)"
            case .running(let identity): "while it was running in \(identity)"
            }
        }
    }

    /// The error with which such a job lies in the dead set. What it last failed with stands below.
    package func failure(of job: Job, in place: Place) -> Failure {
        var message = "cancelled by \(by) \(place.words)"
        if let earlier = job.object.string("error_class"), !earlier.isEmpty, earlier != ErrorClass.cancelled {
            message += "\nits last error: \(earlier): \(job.object.string("error_message") ?? "")"
        }
        return Failure(errorClass: ErrorClass.cancelled, message: message)
    }
}
