import JobModel
import Platform
import Queueing

/// What becomes of slots.
extension WorkerState {
    /// Slots at work.
    package var busy: Int { capsules.reduce(-writtenOff) { $0 + $1.slots.count - $1.idle.count } }

    /// Slots out of service: their processes were killed and do not end. A stop does not wait for them.
    package var writtenOff: Int {
        slots.count { if case .writtenOff = $0 { true } else { false } }
    }

    func busy(in capsule: Capsule) -> Int {
        capsule.slots.count { slots[$0].occupation != nil }
    }

    mutating func free(_ slot: Int) {
        slots[slot] = .idle
        capsules[capsule(of: slot)].idle.append(slot)
    }

    mutating func writeOff(_ slot: Int) {
        switch slots[slot] {
        case .idle:
            capsules[capsule(of: slot)].idle.removeAll { $0 == slot }
            slots[slot] = .writtenOff
        case .running(var run):
            run.isWrittenOff = true
            slots[slot] = .running(run)
        case .writtenOff: break
        }
    }

    mutating func restore(_ slot: Int) {
        switch slots[slot] {
        case .idle: break
        case .running(var run):
            run.isWrittenOff = false
            slots[slot] = .running(run)
        case .writtenOff: free(slot)
        }
    }

    mutating func fence(_ slot: Int) {
        guard case .running(var run) = slots[slot] else { return }
        run.isFenced = true
        slots[slot] = .running(run)
    }
}

extension Settlement.Counts {
    /// What a run that came to this counts as.
    init(of outcome: Outcome) {
        switch outcome {
        // It was run, and that it came to nothing is nobody's failure.
        case .succeeded, .discarded, .snoozed, .suspended, .cancelled: self = .succeeded
        case .failed, .notStarted, .died, .dead: self = .failed
        case .interrupted: self = .nothing
        }
    }
}
