import JobModel
import Queueing

/// The jobs of a run: what each is, and what its handler will do at each run of it.
struct Workload {
    struct Step {
        let outcome: Outcome
        let seconds: Double
    }

    struct Job {
        let queue: QueueName
        let payload: [UInt8]
        /// What the first, second … run does; the last step is repeated.
        let steps: [Step]
        /// Jobs that go with its ack.
        let children: [Int]
        /// Nil for children.
        let pushedAfter: Double?
        /// If it goes into the schedule: how long after it was pushed.
        let delay: Double?
    }

    private(set) var jobs: [Job] = []

    static let queues = ["critical", "default", "low"].map { QueueName(trusted: $0) }

    static func order(_ plan: Plan) -> QueueOrder {
        QueueOrder(queues.prefix(plan.queues).enumerated().map { ($1, plan.isWeighted ? 3 - $0 : 0) })
    }

    init(_ plan: Plan, _ chance: inout Chance) {
        let bursts = (0..<(plan.isFast ? 1 : 4)).map { _ in chance.between(0, plan.faultySeconds * 0.8) }
        for _ in 0..<plan.jobs {
            let start =
                chance.happens(plan.isFast ? 0.95 : 0.7)
                ? chance.one(of: bursts) : chance.between(0, plan.faultySeconds * 0.9)
            let queue = Self.queues[chance.integer(0...plan.queues - 1)]
            var children: [Int] = []
            if chance.happens(0.05) {
                for _ in 0..<chance.integer(1...2) {
                    children.append(jobs.count)
                    add(plan, queue, children: [], pushedAfter: nil, delay: nil, &chance)
                }
            }
            let delay = chance.happens(0.1) ? chance.between(0.1, 20) : nil
            add(plan, queue, children: children, pushedAfter: start, delay: delay, &chance)
        }
    }

    private mutating func add(
        _ plan: Plan, _ queue: QueueName, children: [Int], pushedAfter: Double?, delay: Double?,
        _ chance: inout Chance
    ) {
        let failure = Failure(errorClass: "Oops", message: "as planned")
        let done = Outcome.succeeded
        let (outcomes, rules): ([Outcome], String) =
            switch chance.integer(0...(plan.isFast ? 70 : 99)) {
            case 0..<66: ([done], "true")
            case 66..<74: ([.failed(failure), done], "true")
            case 74..<77: ([.failed(failure), .failed(failure), done], "3")
            case 77..<81: ([.failed(failure)], "0")
            case 81..<84: ([.failed(failure)], "false")
            case 84..<88: ([.dead(failure)], "true")
            case 88..<91: ([.discarded], "true")
            case 91..<97: ([.snoozed(seconds: chance.between(0, 8)), done], "true")
            default: ([], "")
            }
        let steps = (outcomes.isEmpty ? [done] : outcomes).map { outcome in
            let usual = plan.isFast ? chance.scale(0.0002, 0.003) : chance.scale(0.001, 2)
            return Step(
                outcome: outcome, seconds: chance.happens(plan.isFast ? 0.01 : 0.1) ? chance.scale(1, 40) : usual)
        }
        // The number stands in front so that it is found in any payload at all.
        let head = #"{"jid":"~\#(jobs.count)~","#
        let text =
            outcomes.isEmpty
            ? head + #""class":"#
            : head + #""class":"Work","args":[\#(jobs.count),1.10,"é"],"queue":"\#(queue.text)","retry":\#(rules)}"#
        jobs.append(
            Job(
                queue: queue, payload: Array(text.utf8), steps: steps, children: children, pushedAfter: pushedAfter,
                delay: delay))
    }

    /// Which job a payload is.
    static func number(of payload: [UInt8]) -> Int? {
        guard let start = payload.firstIndex(of: UInt8(ascii: "~")) else { return nil }
        var number = 0
        for byte in payload[(start + 1)...] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return number }
            number = 10 * number + Int(byte - UInt8(ascii: "0"))
        }
        return nil
    }
}
