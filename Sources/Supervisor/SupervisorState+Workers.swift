import Logging
import Platform

/// Another number of workers, as the scheduler wishes it: `processes: auto`.
extension SupervisorState {
    /// The scheduler says it again if it is not followed, as during a reload.
    mutating func workersWanted(_ count: Int, by child: Child, now: MonotonicTime) {
        guard child.spec.role == .scheduler else {
            return log(.warning, "\(child.label) sent what only the scheduler says; ignored")
        }
        guard phase == .serving, reload == nil, !isQuiet, let range = plan.workers else { return }
        let wanted = min(max(count, range.lowerBound), range.upperBound)
        let present = seats.count { $0.spec.role == .worker }
        if wanted > present { addWorkers(upTo: wanted, now: now) }
        if wanted < present { retireWorkers(downTo: wanted, now: now) }
    }

    private mutating func addWorkers(upTo count: Int, now: MonotonicTime) {
        let taken = Set(seats.map(\.spec.name))
        for spec in plan.children(wanting: count).inStartOrder where spec.role == .worker && !taken.contains(spec.name)
        {
            log(.notice, "\(spec.name) is added")
            seats.append(Seat(spec, of: planGeneration))
            fill(seat: seats.count - 1, now: now)
        }
    }

    /// The last ones go, when their jobs have ended.
    private mutating func retireWorkers(downTo count: Int, now: MonotonicTime) {
        for seat in seats where seat.spec.role == .worker && seat.spec.index >= count {
            guard let child = child(seat.current) else {
                log(.notice, "\(seat.spec.name) is not needed any more")
                continue
            }
            dismiss(child, because: "is not needed any more", now: now)
        }
        seats.removeAll { $0.spec.role == .worker && $0.spec.index >= count }
    }
}
