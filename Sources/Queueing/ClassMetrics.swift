package import JobModel
package import Redis

/// What runs of one class came to since the last flush.
package struct ClassMetrics: Equatable, Sendable {
    /// All runs, failed ones too.
    package private(set) var runs = 0
    package private(set) var failures = 0
    /// Of runs that did not fail.
    package private(set) var milliseconds = 0
    private var histogram = [Int](repeating: 0, count: MetricsBucket.count)

    package init() {}

    package mutating func addSuccess(milliseconds: Int) {
        runs += 1
        self.milliseconds += max(0, milliseconds)
        histogram[MetricsBucket.index(milliseconds: milliseconds)] += 1
    }

    package mutating func addFailure() {
        runs += 1
        failures += 1
    }
}

extension ClassMetrics {
    /// Adds to what Sidekiq's dashboard draws, filed under the minute of the flush. Of the replies only a lost
    /// connection matters: what was refused is not worth a second try.
    ///
    /// - Parameters:
    ///   - classes: by `Job.route`.
    ///   - major: whose dashboard is to find them.
    package static func flushCommands(
        _ classes: [JobClass: ClassMetrics], at instant: Timestamp, as major: SidekiqMajor
    ) -> [RedisCommand] {
        guard !classes.isEmpty else { return [] }
        let date = CalendarDate(instant)
        let sorted = classes.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        var commands = sorted.flatMap { $1.histogramCommands(of: $0, on: date, as: major) }
        let hashes =
            switch major {
            case .eight: [(Keys.tenMinuteMetrics(date), 3 * 86_400), (Keys.minuteMetrics(date), 8 * 3600)]
            case .seven: [(Keys.oldMinuteMetrics(date), 8 * 3600)]
            }
        for (key, lifetime) in hashes {
            for (jobClass, metrics) in sorted {
                for (suffix, number) in [
                    ("p", metrics.runs), ("f", metrics.failures), ("ms", metrics.milliseconds),
                ] where number > 0 {
                    var command = RedisCommand(["HINCRBY", key])
                    command.add(jobClass.bytes + Array("|\(suffix)".utf8))
                    command.add(number)
                    commands.append(command)
                }
            }
            commands.append(RedisCommand(["EXPIRE", key, String(lifetime)]))
        }
        return commands
    }

    private func histogramCommands(
        of jobClass: JobClass, on date: CalendarDate, as major: SidekiqMajor
    ) -> [RedisCommand] {
        guard runs > failures else { return [] }
        let key =
            switch major {
            case .eight: Keys.histogram(jobClass, date)
            case .seven: Keys.oldHistogram(jobClass, date)
            }
        var add = RedisCommand("BITFIELD")
        add.add(key)
        add.add("OVERFLOW")
        add.add("SAT")
        for (bucket, number) in histogram.enumerated() where number > 0 {
            for word in ["INCRBY", "u16", "#\(bucket)", String(number)] { add.add(word) }
        }
        var expire = RedisCommand("EXPIRE")
        expire.add(key)
        expire.add(8 * 3600)
        return [add, expire]
    }
}
