/// Whether a worker may fetch, by the memory of its host: back-pressure, so that a healthier host does the work.
///
/// It closes when both is true of one place (the host, or a cgroup with a limit): too much time is lost waiting for memory,
/// and little of it is left. Either alone is harmless: a machine full of caches stalls nobody, and a short stall with memory
/// to spare passes. It opens when that has not been so, by a clear distance, for some seconds.
package struct PressureGate: Sendable {
    package struct Limits: Equatable, Sendable {
        /// From which share of time on, 0...1, in which some task waited for memory.
        package var pressure: Double
        /// Up to which share of memory, 0...1, that is available; 0 keeps the gate open whatever happens.
        package var available: Double

        package init(pressure: Double, available: Double) {
            self.pressure = pressure
            self.available = available
        }
    }

    /// What one look saw of one place.
    package struct Sight: Equatable, Sendable {
        /// "the host", "the cgroup /sys/fs/cgroup/system.slice/martlet.service"
        package var place: String
        /// How long some task has waited for memory in all, in microseconds; nil if the kernel does not say.
        package var stalledMicroseconds: Int?
        /// Bytes.
        package var total: Int
        /// Bytes that can be had without swapping.
        package var available: Int

        package init(place: String, stalledMicroseconds: Int?, total: Int, available: Int) {
            self.place = place
            self.stalledMicroseconds = stalledMicroseconds
            self.total = total
            self.available = available
        }
    }

    /// A place, in shares.
    package struct Finding: Equatable, Sendable, CustomStringConvertible {
        package var place: String
        /// Of the time since the look before, 0...1; nil if the kernel does not say.
        package var pressure: Double?
        /// Of its memory, 0...1.
        package var available: Double

        package var description: String {
            let left = "\(Self.percent(available)) of the memory of \(place) available"
            guard let pressure else { return "memory pressure: \(left)" }
            return "memory pressure \(Self.percent(pressure)), \(left)"
        }

        /// "3 %", and below that with one digit more: "0.4 %".
        private static func percent(_ share: Double) -> String {
            let tenths = Int((share * 1000).rounded())
            return tenths < 30 && tenths % 10 != 0 ? "\(tenths / 10).\(tenths % 10) %" : "\((tenths + 5) / 10) %"
        }
    }

    package enum Change: Equatable, Sendable {
        case closed(Finding)
        /// After so many seconds; with the place that is nearest to its limits now.
        case opened(Finding?, afterSeconds: Double)
    }

    /// It opens after so many seconds without pressure.
    package static let calmSeconds = 5.0
    /// Clearly below: less than this share of the limit of pressure, or more than this multiple of the limit of memory.
    private static let calmPressure = 0.5
    private static let calmAvailable = 1.25
    /// Without figures of pressure, memory alone has to tell, and closes the gate at this share of its limit only.
    private static let blindShare = 0.5
    /// Then the gate opens for a moment this often, in seconds: if idle handlers hold the memory, only work lets them end.
    private static let blindPatience = 60.0

    private let limits: Limits
    private var before: [String: Int] = [:]
    private var beforeAt: Double?
    private var closedAt = 0.0
    private var calmSince: Double?
    /// What keeps it closed, as of the last look that found pressure; nil while it is open.
    package private(set) var hold: Finding?

    package init(_ limits: Limits) { self.limits = limits }

    /// The place with the least share of available memory, as of the last look; nil before.
    package private(set) var tightest: Sight?

    /// Takes in one look at every place; asked about once a second.
    ///
    /// - Parameter seconds: of a clock that never goes back.
    package mutating func look(at sights: [Sight], seconds: Double) -> Change? {
        let findings = sights.map { finding($0, seconds: seconds) }
        tightest = zip(sights, findings).min { $0.1.available < $1.1.available }?.0
        before = Dictionary(
            sights.compactMap { sight in sight.stalledMicroseconds.map { (sight.place, $0) } },
            uniquingKeysWith: { first, _ in first })
        beforeAt = seconds
        guard limits.available > 0 else { return nil }
        if let pressed = findings.filter(isPressed).min(by: { $0.available < $1.available }) {
            calmSince = nil
            if hold != nil, pressed.pressure == nil, seconds - closedAt >= Self.blindPatience {
                hold = nil
                return .opened(pressed, afterSeconds: seconds - closedAt)
            }
            defer { hold = pressed }
            guard hold == nil else { return nil }
            closedAt = seconds
            return .closed(pressed)
        }
        guard hold != nil else { return nil }
        guard findings.allSatisfy(isCalm) else {
            calmSince = nil
            return nil
        }
        let since = calmSince ?? seconds
        calmSince = since
        guard seconds - since >= Self.calmSeconds else { return nil }
        hold = nil
        calmSince = nil
        return .opened(findings.min { $0.available < $1.available }, afterSeconds: seconds - closedAt)
    }

    private func finding(_ sight: Sight, seconds: Double) -> Finding {
        let available = sight.total > 0 ? Double(sight.available) / Double(sight.total) : 1
        var pressure = sight.stalledMicroseconds.map { _ in 0.0 }
        if let stalled = sight.stalledMicroseconds, let earlier = before[sight.place], let beforeAt, seconds > beforeAt
        {
            pressure = min(1, max(0, Double(stalled - earlier) / 1e6 / (seconds - beforeAt)))
        }
        return Finding(place: sight.place, pressure: pressure, available: min(1, max(0, available)))
    }

    private func isPressed(_ finding: Finding) -> Bool {
        guard let pressure = finding.pressure else { return finding.available <= limits.available * Self.blindShare }
        return pressure >= limits.pressure && finding.available <= limits.available
    }

    private func isCalm(_ finding: Finding) -> Bool {
        guard let pressure = finding.pressure else {
            return finding.available > limits.available * Self.blindShare * Self.calmAvailable
        }
        return pressure < limits.pressure * Self.calmPressure
            || finding.available > limits.available * Self.calmAvailable
    }
}
