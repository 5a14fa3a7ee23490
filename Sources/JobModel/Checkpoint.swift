/// How far a run that streams its children has come: a JSON value of the handler's own. It lies in the job's payload, so it
/// goes wherever the job goes, and ends with it.
package enum Checkpoint {
    /// Bytes; a spawned handler finds it in its environment, where one variable has 128 KiB.
    package static let longest = 64 << 10
    /// The member that holds it.
    static let member = "martlet_checkpoint"
    /// The member that counts the chunks that are enqueued: with it no two chunks of a job leave the same payload.
    static let countMember = "martlet_chunks"
}

extension Job {
    /// What the handler wrote with the last chunk that was enqueued; nil if there was none.
    package var checkpoint: ArraySlice<UInt8>? { checkpointRange.map { object.bytes[$0] } }

    /// Chunks of it that were enqueued, in all its runs.
    package var chunkCount: Int { object.integer(Checkpoint.countMember) ?? 0 }

    /// The job once one more chunk is enqueued. Its payload is never the one it had.
    ///
    /// - Parameter checkpoint: one JSON value; nil to leave it as it is.
    /// - Throws: why it could then not be run any more.
    package func afterChunk(_ checkpoint: [UInt8]?, limits: PayloadLimits) throws(MalformedPayload) -> Job {
        var splice = PayloadSplice(object)
        if let checkpoint { splice.set(Checkpoint.member, to: checkpoint) }
        splice.set(Checkpoint.countMember, to: Array("\(chunkCount &+ 1)".utf8))
        return try Job(decoding: splice.bytes(), limits: limits)
    }
}
