import JobModel

/// The children one run has pushed so far. They are enqueued with its ack, or not at all.
struct PushedJobs {
    static let maximumJobs = 10_000
    static let maximumBytes = 16 << 20

    private(set) var jobs: [[UInt8]] = []
    private var byteCount = 0

    /// - Throws: the first job that could not be enqueued later, or a limit that is passed: the run then fails, rather than
    ///   ending with some of its children.
    mutating func append(_ more: [[UInt8]]) throws(ProtocolViolation) {
        for bytes in more {
            do {
                // The time and the jid do not matter to the check.
                _ = try JobDraft.prepare(bytes, now: Timestamp(milliseconds: 0), newJID: "000000000000000000000000")
            } catch {
                throw ProtocolViolation("pushed a job that cannot be enqueued (its number \(jobs.count + 1)): \(error)")
            }
            byteCount += bytes.count
            jobs.append(bytes)
        }
        guard jobs.count <= Self.maximumJobs, byteCount <= Self.maximumBytes else {
            throw ProtocolViolation(
                "pushed \(jobs.count) jobs of \(byteCount) bytes in one run; "
                    + "the limits are \(Self.maximumJobs) jobs and \(Self.maximumBytes) bytes")
        }
    }
}
