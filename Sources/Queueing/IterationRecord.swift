package import JobModel
package import Redis

/// What Redis says of a job that is done element by element: the hash that Sidekiq and its dashboard read as well.
package struct IterationRecord: Equatable, Sendable {
    /// Sidekiq's 30 days, from the first write on.
    package static let keptSeconds = 2_592_000

    /// As of the run that wrote it; of a job that has not run, zeros.
    package var state: IterationState
    /// When somebody asked for it to be cancelled, in seconds since 1970; nil if nobody did.
    package var cancelledAt: Int?

    package init(state: IterationState = IterationState(), cancelledAt: Int? = nil) {
        self.state = state
        self.cancelledAt = cancelledAt
    }

    package static func readCommand(_ jid: String) -> RedisCommand {
        RedisCommand(["HGETALL", Keys.iteration(jid)])
    }

    /// - Returns: nil if there is none.
    package static func read(_ reply: RedisReply) throws(RedisError) -> IterationRecord? {
        let fields = try reply.accepted().pairs ?? []
        guard !fields.isEmpty else { return nil }
        var record = IterationRecord()
        for (name, value) in fields {
            switch name.text {
            // Anybody may have written them: what is computed from them must not overflow.
            case "ex": record.state.executions = max(0, min(value.integer ?? 0, 1_000_000_000))
            case "rt": record.state.runtimeSeconds = max(0, min(value.number ?? 0, 1e12))
            case "c": if let cursor = value.bytes.flatMap(cursor) { record.state.cursor = cursor }
            case "cancelled": record.cancelledAt = value.number.map { Int(max(0, min($0, 1e12))) }
            default: break
            }
        }
        return record
    }

    /// What is no JSON is no cursor.
    private static func cursor(_ bytes: [UInt8]) -> [UInt8]? {
        (try? JSONText.kind(scanning: bytes)) == nil ? nil : bytes
    }

    /// What became of the state that a running job has written.
    package enum Written: Equatable, Sendable {
        case written(cancelledAt: Int?)
        /// The job is not reserved here any more: nothing was written.
        case gone
    }

    /// Writes how far a running job has come, and asks whether it is cancelled.
    package static func writeCommand(
        _ state: IterationState, of jid: String, _ id: ReservationID, identity: String
    ) -> RedisCommand {
        var command = RedisCommand(
            running: Scripts.iteration, keys: [Keys.reservations(identity), Keys.iteration(jid)])
        command.add(id)
        add(state, to: &command)
        return command
    }

    static func add(_ state: IterationState, to command: inout RedisCommand) {
        command.add(keptSeconds)
        command.add(state.executions)
        command.add(state.cursor)
        command.add(Score.delay(state.runtimeSeconds))
    }

    package static func written(_ reply: RedisReply) throws(RedisError) -> Written {
        guard let parts = try reply.accepted().elements, let what = parts.first?.text else {
            throw .unreadable("iteration")
        }
        guard what == "written" else { return .gone }
        let cancelled = parts.count > 1 ? parts[1].number : nil
        return .written(cancelledAt: cancelled.map { Int(max(0, min($0, 1e12))) })
    }
}

/// What becomes of a job's iteration with the settlement of its run.
package enum SettledIteration: Equatable, Sendable {
    /// It is to go on, now or when somebody takes the job from the dead set.
    case kept(jid: String, IterationState)
    /// The job is over.
    case ended(jid: String)

    func add(to command: inout RedisCommand) {
        command.add("iteration")
        switch self {
        case .kept(let jid, let state):
            command.add(Keys.iteration(jid))
            IterationRecord.add(state, to: &command)
        case .ended(let jid):
            command.add(Keys.iteration(jid))
            command.add("")
        }
    }

    /// What it carries to Redis.
    var bytes: Int { if case .kept(_, let state) = self { state.cursor.count } else { 0 } }
}
