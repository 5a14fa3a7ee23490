/// A job as if it had run before.
extension Job {
    /// The job before another of its runs.
    ///
    /// - Parameters:
    ///   - attempt: which run it is, from 2; nil to leave what the payload says.
    ///   - checkpoint: one JSON value, what an earlier run wrote last; nil likewise.
    /// - Throws: why it cannot be run so.
    package func beginning(attempt: Int?, checkpoint: [UInt8]?, limits: PayloadLimits) throws(MalformedPayload) -> Job {
        guard attempt != nil || checkpoint != nil else { return self }
        var splice = PayloadSplice(object)
        if let attempt { splice.set("retry_count", to: Array("\(attempt - 2)".utf8)) }
        if let checkpoint { splice.set(Checkpoint.member, to: checkpoint) }
        return try Job(decoding: splice.bytes(), limits: limits)
    }
}
