import JobModel

/// How much of a common process's use a run of each class is likely to be, as far as runs so far have shown.
///
/// A run's share is in proportion to its class's weight; the weight is what runs of that class got in each second. That is the
/// step of expectation and maximisation for sums of which only the total is seen: the more the mixture of classes changes,
/// the closer it comes. What a class got while it had the process for itself is certain, and so pulls strongest.
struct ClassWeights {
    private struct Record {
        var busySeconds = 0.0
        var seconds = 0.0
    }

    /// Further classes count as the average.
    private static let maximumClasses = 64
    /// Seconds of runs after which what was learned counts half.
    private static let memorySeconds = 20.0
    /// Nobody is taken for entirely idle: what is in common has to go somewhere.
    private static let least = 0.01

    private var records: [JobClass: Record] = [:]
    private var all = Record()

    /// Of a run of this class; 1 for a full core.
    func weight(of route: JobClass) -> Double {
        guard all.seconds > 0 else { return 1 }
        // The average counts as one more second, so that the first short run of a class does not decide.
        let average = all.busySeconds / all.seconds
        let record = records[route] ?? Record()
        return max(Self.least, (record.busySeconds + average) / (record.seconds + 1))
    }

    /// A run of the class got so many seconds of what was in common.
    mutating func learn(_ route: JobClass, busySeconds: Double, seconds: Double) {
        Self.add(busySeconds, seconds, to: &all)
        guard records[route] != nil || records.count < Self.maximumClasses else { return }
        Self.add(busySeconds, seconds, to: &records[route, default: Record()])
    }

    private static func add(_ busySeconds: Double, _ seconds: Double, to record: inout Record) {
        record.busySeconds += busySeconds
        record.seconds += seconds
        guard record.seconds > 2 * memorySeconds else { return }
        record.busySeconds /= 2
        record.seconds /= 2
    }
}
