import Configuration
import Insight
import Logging
import Platform

/// Back-pressure by memory.
extension WorkerLoop {
    /// Looks once a second. A worker that is held fetches nothing, so that a healthier host does the work.
    func lookAtMemory() {
        let sights = memory.read().map {
            PressureGate.Sight(
                place: $0.place, stalledMicroseconds: $0.stalledMicroseconds, total: $0.total, available: $0.available)
        }
        let change = pressure.look(at: sights, seconds: MonotonicTime.bootTime().seconds(since: .init(nanoseconds: 0)))
        guard let change else { return }
        switch change {
        case .closed(let finding):
            log.warning("held: \(finding); fetching nothing until memory is available again, running jobs go on")
        case .opened(let finding, let seconds):
            log.notice(
                "fetching again after \(Int(seconds.rounded())) s: \(finding.map(\.description) ?? "memory is available")"
            )
        }
        take(.held(pressure.hold?.description))
        tellFigures()
        // Whoever looks at the record is to see it now.
        beat()
    }
}

extension PressureGate.Limits {
    init(_ settings: MemorySettings) { self.init(pressure: settings.pressure, available: settings.available) }
}
