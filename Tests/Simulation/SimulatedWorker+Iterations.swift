import JobModel
import Queueing

@testable import Worker

/// Handlers that do their jobs element by element.
extension SimulatedWorker {
    /// - Returns: false if the job is not one of those.
    func iterate(_ run: Run, _ step: Workload.Step, in slot: Int) -> Bool {
        guard world.ledger.workload.jobs[run.job].elements > 0 else { return false }
        runs[slot]?.step = step
        after(0.001, .handler) { [unowned self] in
            guard runs[slot]?.number == run.number else { return }
            take(.iterated(slot: slot, cursor: nil))
        }
        return true
    }

    func tell(_ slot: Int, _ message: IterationMessage) {
        guard let run = runs[slot] else { return }
        switch message {
        case .interrupt: runs[slot]?.isToStop = true
        case .goOn(let state, _):
            let first = Int(String(decoding: state.cursor, as: UTF8.self)) ?? 0
            world.note("\(run.key.name) goes on at element \(first)")
            world.ledger.goesOn(run.job, run.key, at: first, books)
            guard let step = run.step else { return }
            let count = world.ledger.workload.jobs[run.job].elements
            // One that is to fail fails somewhere.
            let end = step.outcome == .succeeded ? count : world.chance.integer(min(first, count)...count)
            come(to: first, before: end, run, step, in: slot)
        }
    }

    private func come(to element: Int, before end: Int, _ run: Run, _ step: Workload.Step, in slot: Int) {
        guard let now = runs[slot], now.number == run.number else { return }
        if element < world.ledger.workload.jobs[run.job].elements {
            take(.iterated(slot: slot, cursor: Array("\(element)".utf8)))
            if now.isToStop { return ended(slot, run, .suspended) }
        }
        guard element < end else { return step.outcome.map { ended(slot, run, $0) } ?? () }
        after(step.seconds / 4, .handler) { [unowned self] in
            guard runs[slot]?.number == run.number else { return }
            world.ledger.did(element, of: run.job)
            come(to: element + 1, before: end, run, step, in: slot)
        }
    }

    /// The settlements without how far their jobs have come.
    func forgettingIterations(_ request: Exchange.Request) -> Exchange.Request {
        var request = request
        request.settlements = request.settlements.map {
            Settlement(id: $0.id, verdict: $0.verdict, counts: $0.counts, children: $0.children, request: $0.request)
        }
        return request
    }
}
