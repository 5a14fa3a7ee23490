import JobModel
import Queueing

@testable import Worker

/// The jobs of a run: what each is, and what its handler will do at each run of it.
struct Workload {
    struct Step {
        /// Nil: it takes its worker with it.
        let outcome: Outcome?
        let seconds: Double
    }

    struct Job {
        let queue: QueueName
        let payload: [UInt8]
        /// What the first, second … run does; the last step is repeated.
        let steps: [Step]
        /// Whether it is a job at all, within the limits.
        let isRunnable: Bool
        /// Jobs that go with its ack.
        let children: [Int]
        /// Jobs that it streams before, chunk by chunk.
        var chunks: [[Int]] = []
        /// It is done element by element, if it has any.
        var elements = 0
        /// Nil for children.
        let pushedAfter: Double?
        /// If it goes into the schedule: how long after it was pushed.
        let delay: Double?
        /// From when on it is not to be begun; nil for ever.
        var expiry: Timestamp?
    }

    private(set) var jobs: [Job] = []

    static let queues = ["critical", "default", "low"].map { QueueName(trusted: $0) }

    /// The first capsule serves all queues only now and then, if there are others: what none of them serves, it has to.
    static func capsules(_ plan: Plan) -> [WorkerState.Terms.Capsule] {
        let others = plan.capsules.map { capsule in
            WorkerState.Terms.Capsule(slots: capsule.slots, order: order(capsule.queues, plan))
        }
        let served = Set(plan.capsules.flatMap(\.queues))
        let rest = (0..<plan.queues).filter { !served.contains($0) }
        let first = rest.isEmpty || plan.slots > 2 ? Array(0..<plan.queues) : rest
        return [WorkerState.Terms.Capsule(slots: plan.slots, order: order(first, plan))] + others
    }

    private static func order(_ indices: [Int], _ plan: Plan) -> QueueOrder {
        QueueOrder(indices.map { (queues[$0], plan.isWeighted ? 3 - $0 : 0) })
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
            var chunks: [[Int]] = []
            if children.isEmpty, chance.happens(0.06) {
                for _ in 0..<chance.integer(1...8) {
                    let first = jobs.count
                    for _ in 0..<chance.integer(0...3) {
                        add(plan, queue, children: [], pushedAfter: nil, delay: nil, &chance)
                    }
                    chunks.append(Array(first..<jobs.count))
                }
            }
            let delay = chance.happens(0.1) ? chance.between(0.1, 20) : nil
            add(plan, queue, children: children, pushedAfter: start, delay: delay, &chance)
            guard jobs[jobs.count - 1].isRunnable else { continue }
            jobs[jobs.count - 1].chunks = chunks
            if children.isEmpty, chunks.isEmpty, chance.happens(0.06) {
                jobs[jobs.count - 1].elements = chance.integer(1...12)
            }
        }
    }

    private mutating func add(
        _ plan: Plan, _ queue: QueueName, children: [Int], pushedAfter: Double?, delay: Double?,
        _ chance: inout Chance
    ) {
        let usual = { (chance: inout Chance) in
            plan.isFast ? chance.scale(0.0002, 0.003) : chance.scale(0.001, 2)
        }
        let (outcomes, rules) = Self.fate(plan, &chance)
        let steps = (outcomes ?? [.succeeded]).map { outcome in
            let usual = usual(&chance)
            return Step(
                outcome: outcome, seconds: chance.happens(plan.isFast ? 0.01 : 0.1) ? chance.scale(1, 40) : usual)
        }
        var expiry: Timestamp?
        if outcomes != nil, let pushedAfter, chance.happens(0.08) {
            let seconds = pushedAfter + chance.between(0, 20)
            expiry = Timestamp(milliseconds: World.epoch / 1000 + Int64(seconds * 1000))
        }
        let payload =
            outcomes == nil
            ? Self.noJob(jobs.count, plan.payloadLimits, queue, &chance)
            : Self.head(jobs.count)
                + #""class":"Work","args":[\#(jobs.count),1.10,"é"],"queue":"\#(queue.text)","retry":\#(rules)"#
                + (expiry.map { #","expiry":\#($0.milliseconds)}"# } ?? "}")
        jobs.append(
            Job(
                queue: queue, payload: Array(payload.utf8), steps: steps, isRunnable: outcomes != nil,
                children: children, pushedAfter: pushedAfter, delay: delay, expiry: expiry))
    }

    /// What each run comes to, nil for one that kills its worker, and the rules of retrying; nil if it is no job.
    private static func fate(_ plan: Plan, _ chance: inout Chance) -> ([Outcome?]?, rules: String) {
        let failure = Failure(errorClass: "Oops", message: "as planned")
        let done = Outcome.succeeded
        let failed = Outcome.failed(failure)
        let died = Outcome.died(failure, how: "handler killed by SIGSEGV")
        switch chance.integer(0...(plan.isFast ? 70 : 99)) {
        case 0..<60: return ([done], "true")
        case 60..<66: return ([failed, done], "true")
        case 66..<69: return ([failed, failed, done], "3")
        case 69..<72: return ([failed], chance.one(of: ["0", "false"]))
        case 72..<75: return ([.dead(failure)], "true")
        case 75..<78: return ([.discarded], "true")
        case 78..<83: return ([.snoozed(seconds: chance.between(0, 8)), done], "true")
        // Poison, or nearly.
        case 83..<88: return (Array(repeating: died, count: chance.integer(1...4)) + [done], "true")
        case 88..<90: return ([died], chance.one(of: ["4", "0", "false"]))
        case 90..<94: return (Array(repeating: nil, count: chance.integer(1...4)) + [done], "true")
        case 94..<95: return ([died, nil, failed, nil, done], "true")
        default: return (nil, "")
        }
    }

    /// The number stands in front so that it is found in any payload at all.
    private static func head(_ number: Int) -> String { #"{"jid":"~\#(number)~","# }

    /// What no handler can be given: cut off, too large, too deep, ambiguous, without a class, or a list.
    private static func noJob(
        _ number: Int, _ limits: PayloadLimits, _ queue: QueueName, _ chance: inout Chance
    ) -> String {
        let head = head(number)
        let rest = #""class":"Work","queue":"\#(queue.text)","args":[\#(number)"#
        switch chance.integer(0...5) {
        case 0: return head + #""class":"#
        case 1: return head + rest + #","\#(String(repeating: "x", count: limits.bytes))"]}"#
        case 2:
            return head + rest + "," + String(repeating: "[", count: limits.depth)
                + String(repeating: "]", count: limits.depth) + "]}"
        case 3: return head + #""class":"Other","# + rest + "]}"
        case 4: return head + #""class":"","args":[]}"#
        default: return "[" + head + rest + "]}]"
        }
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
