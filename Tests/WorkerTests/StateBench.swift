import JobModel
import Platform
import Queueing
import Testing

@testable import Worker

/// A `WorkerState` with a clock of its own, and names for what its actions say.
struct StateBench {
    static let queue = QueueName(trusted: "default")
    var state: WorkerState
    var seconds = 1000.0

    init(slots: Int, iterationSeconds: Double? = nil) {
        self.init(capsules: [(slots, [Self.queue.text])], iterationSeconds: iterationSeconds)
    }

    init(capsules: [(slots: Int, queues: [String])], iterationSeconds: Double? = nil) {
        let terms = WorkerState.Terms(
            identity: "host:1:abc",
            capsules: capsules.map { capsule in
                .init(
                    slots: capsule.slots, order: QueueOrder(capsule.queues.map { (QueueName(trusted: $0), 0) }))
            },
            policy: RetryPolicy(), deadLimits: DeadLimits(), iterationSeconds: iterationSeconds)
        state = WorkerState(terms, seed: 7, now: MonotonicTime(nanoseconds: 0))
    }

    /// A worker that has greeted Redis and compared.
    static func connected(slots: Int) -> StateBench { connected(capsules: [(slots, [queue.text])]) }

    static func connected(capsules: [(slots: Int, queues: [String])]) -> StateBench {
        var bench = StateBench(capsules: capsules)
        bench.tell(.leaseRenewed(until: bench.boot(20)), .linkUp)
        _ = bench.next()
        bench.tell(.compared([]))
        return bench
    }

    var now: Moment { Moment(boot: boot(0), wall: Timestamp(seconds: 1_700_000_000 + seconds)) }

    func boot(_ later: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64((seconds + later) * 1e9)) }

    mutating func advance(_ by: Double) { seconds += by }

    mutating func tell(_ events: WorkerEvent...) { for event in events { state.handle(event, at: now) } }

    mutating func next() -> Actions { Actions(all: state.next(at: now)) }

    /// Answers the next fetch with these jobs and takes in what starts.
    mutating func fetched(_ jids: [String]) throws -> [Actions.Start] {
        let request = try #require(next().exchange)
        tell(.exchanged(answer(to: request, jobs: jids)))
        return next().starts
    }

    static func payload(_ jid: String) -> [UInt8] {
        Array(#"{"class":"TestJob","args":[1],"jid":"\#(jid)","retry":true}"#.utf8)
    }

    func answer(
        to request: Exchange.Request, jobs: [String], refused: [ReservationID] = [], isRegistered: Bool = true
    ) -> Exchange.Answer {
        answer(
            to: request, payloads: jobs.map(Self.payload), refused: refused, isRegistered: isRegistered)
    }

    func answer(
        to request: Exchange.Request, payloads: [[UInt8]], refused: [ReservationID] = [], isRegistered: Bool = true
    ) -> Exchange.Answer {
        let fetched = payloads.enumerated().map { index, payload in
            Reservation(
                id: ReservationID(sequence: request.firstSequence + UInt64(index), queue: Self.queue), payload: payload)
        }
        return Exchange.Answer(
            refusedSettlements: refused, isRegistered: isRegistered, fetched: fetched)
    }

    /// What a Redis answers that has these jobs in these queues, and gives each fetch what it asks for.
    func answer(
        to request: Exchange.Request, queues: inout [String: [String]], paused: Set<String> = []
    ) -> Exchange.Answer {
        var fetched: [Reservation] = []
        var counts: [Int] = []
        for fetch in request.fetches {
            let before = fetched.count
            for step in fetch.steps {
                let queue = fetch.queues[step.queue]
                while fetched.count - before < fetch.count, !paused.contains(queue.text),
                    let jid = queues[queue.text]?.first
                {
                    queues[queue.text]?.removeFirst()
                    let sequence = request.firstSequence + UInt64(fetched.count)
                    fetched.append(
                        Reservation(id: ReservationID(sequence: sequence, queue: queue), payload: Self.payload(jid)))
                }
            }
            counts.append(fetched.count - before)
        }
        return Exchange.Answer(
            fetched: fetched, counts: counts, pausedQueues: Set(paused.map { QueueName(trusted: $0) }))
    }

    struct Actions {
        struct Start { let slot: Int, job: Job, reservation: Reservation }
        let all: [WorkerAction]

        var isEmpty: Bool { all.isEmpty }
        var exchange: Exchange.Request? {
            for case .exchange(let request) in all { return request }
            return nil
        }
        var starts: [Start] {
            all.compactMap {
                guard case .start(let slot, let job, let reservation) = $0 else { return nil }
                return Start(slot: slot, job: job, reservation: reservation)
            }
        }
        var listens: [Bool] {
            all.compactMap { if case .listen(let isOn) = $0 { isOn } else { nil } }
        }
        var interrupts: [Int] {
            all.compactMap { if case .interrupt(let slot) = $0 { slot } else { nil } }
        }
        var reads: [[ReservationID]] {
            all.compactMap { if case .readPayloads(let ids) = $0 { ids } else { nil } }
        }
        var notices: [WorkerNotice] {
            all.compactMap { if case .tell(let notice) = $0 { notice } else { nil } }
        }
        var compares: Int { all.filter { if case .compare = $0 { true } else { false } }.count }
        var registers: Int { all.filter { if case .register = $0 { true } else { false } }.count }
        var endsHandlers: Bool { all.contains { if case .endHandlers = $0 { true } else { false } } }
        var deregisters: Bool { all.contains { if case .deregister = $0 { true } else { false } } }
        var exits: Bool { all.contains { if case .exit = $0 { true } else { false } } }
    }
}
