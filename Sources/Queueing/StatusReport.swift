package import JobModel
package import Redis

/// Everything `martlet status` shows, read in a few round trips. Not of one instant: jobs move meanwhile.
package struct StatusReport: Equatable, Sendable {
    /// Redis' clock.
    package var now: Timestamp
    package var queues: [QueueState]
    /// Sizes of the sorted sets.
    package var scheduled: Int
    package var retries: Int
    package var dead: Int
    /// Since ever; failed runs are processed too.
    package var processed: Int
    package var failed: Int
    /// Jobs buried since ever because what ran them died too often.
    package var poisoned: Int
    /// Jobs dropped since ever because they had not begun when they expired.
    package var expired: Int
    /// Results since ever that changed nothing: their process had been taken for dead, and its jobs given to others.
    package var late: Int
    package var processes: [ProcessState]
    /// Classes that are kept apart, by name.
    package var isolated: [IsolatedClass]
    /// Per class, by name.
    package var lastTenMinutes: [ClassTotals]
    package var lastHour: [ClassTotals]

    /// Jobs that have been running for longer than they should.
    package var slow: Int { processes.reduce(0) { $0 + $1.jobs.count(where: \.isSlow) } }

    /// Reads it over a blocking connection.
    package static func read(_ connection: RedisConnection) throws(RedisError) -> StatusReport {
        let first = try connection.pipeline([
            RedisCommand("TIME"), QueueList.namesCommand, RedisCommand(["ZCARD", Keys.schedule]),
            RedisCommand(["ZCARD", Keys.retry]), RedisCommand(["ZCARD", Keys.dead]),
            RedisCommand(["MGET", Keys.processed, Keys.failed, Keys.poisoned, Keys.late, Keys.expired]),
            RedisCommand(["SMEMBERS", Keys.processes]), IsolatedClasses.listCommand,
            PausedQueues.listCommand, RedisCommand(["GET", Keys.leader]),
        ])
        guard let now = try Timestamp(redisTime: first[0].accepted()) else { throw .unreadable("TIME") }
        let names = try QueueList.names(first[1])
        let identities = (try first[6].accepted().elements ?? []).compactMap(\.text).sorted()
        let minutes = (0..<60).map { Timestamp(milliseconds: now.milliseconds - Int64($0) * 60_000) }

        let queueCommands = QueueList.stateCommands(names)
        let processCommands = identities.flatMap(ProcessState.commands)
        let metricsCommands = minutes.flatMap(ClassTotals.commands)
        let promiseCommands = names.map(PromiseRecord.readCommand)
        let second = try connection.pipeline(
            queueCommands + processCommands + metricsCommands + promiseCommands)
        let ofQueues = Array(second.prefix(queueCommands.count))
        let ofProcesses = Array(second.dropFirst(queueCommands.count).prefix(processCommands.count))
        let ofMinutes = Array(second.dropLast(promiseCommands.count).suffix(metricsCommands.count))
        var queues = QueueList.states(ofQueues, of: names, now: now)
        let paused = PausedQueues.names(in: first[8])
        for index in queues.indices { queues[index].isPaused = paused.contains(queues[index].name) }
        for (index, reply) in second.suffix(promiseCommands.count).enumerated() {
            queues[index].promise = PromiseRecord(reply, now: now)
        }

        var processes = ProcessState.states(ofProcesses, of: identities)
        for index in processes.indices { processes[index].isLeader = processes[index].identity == first[9].text }

        let totals = (0..<5).map { first[5].elements?[$0].integer ?? 0 }

        return StatusReport(
            now: now, queues: queues,
            scheduled: first[2].integer ?? 0, retries: first[3].integer ?? 0, dead: first[4].integer ?? 0,
            processed: totals[0], failed: totals[1], poisoned: totals[2], expired: totals[4], late: totals[3],
            processes: processes, isolated: try IsolatedClass.all(first[7]),
            lastTenMinutes: ClassTotals.sum(ofMinutes.prefix(10 * ClassTotals.forms)),
            lastHour: ClassTotals.sum(ofMinutes[...]))
    }
}

/// What Sidekiq's metrics say of one class, over some minutes.
package struct ClassTotals: Equatable, Sendable {
    package var name: String
    /// All runs, failed ones too.
    package var runs = 0
    package var failures = 0
    /// Of runs that did not fail.
    package var milliseconds = 0

    /// Of a run that did not fail; nil if there was none.
    package var averageMilliseconds: Double? {
        runs > failures ? Double(milliseconds) / Double(runs - failures) : nil
    }

    /// Commands for each minute: processes on one Redis may write in different forms.
    static let forms = 2

    static func commands(_ minute: Timestamp) -> [RedisCommand] {
        let date = CalendarDate(minute)
        return [Keys.minuteMetrics(date), Keys.oldMinuteMetrics(date)].map { RedisCommand(["HGETALL", $0]) }
    }

    /// - Parameter minutes: the hashes of each; fields are "CLASS|p", "CLASS|f" and "CLASS|ms".
    static func sum(_ minutes: ArraySlice<RedisReply>) -> [ClassTotals] {
        var totals: [String: ClassTotals] = [:]
        for (field, value) in minutes.flatMap({ $0.pairs ?? [] }) {
            guard let field = field.text, let bar = field.lastIndex(of: "|"), let value = value.integer else {
                continue
            }
            let name = String(field[..<bar])
            // Sums of an hour's minutes cannot overflow, whoever wrote them.
            let number = min(max(0, value), 1 << 53)
            switch field[field.index(after: bar)...] {
            case "p": totals[name, default: ClassTotals(name: name)].runs += number
            case "f": totals[name, default: ClassTotals(name: name)].failures += number
            case "ms": totals[name, default: ClassTotals(name: name)].milliseconds += number
            default: break
            }
        }
        return totals.values.sorted { $0.name < $1.name }
    }
}
