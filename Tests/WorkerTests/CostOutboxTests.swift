import Insight
import JobModel
import Platform
import Queueing
import Redis
import Testing

@testable import Handlers
@testable import Worker

@Suite("Costs on their way to Redis")
struct CostOutboxTests {
    private let now = Timestamp(milliseconds: 1_767_441_600_000)
    private var outbox = CostOutbox(identity: "me", malloc: ["h": "arenas=2"])
    private var tally = Tally()

    private mutating func run(_ jobClass: String, _ count: Int = 1, outcome: Outcome = .succeeded) {
        let queue = QueueName(trusted: "q")
        for number in 0..<count {
            let payload = Array(#"{"class":"\#(jobClass)","args":[],"enqueued_at":1767441598000}"#.utf8)
            guard let job = try? Job(decoding: payload) else { preconditionFailure("a payload is a job") }
            tally.note(
                DispatchReport(
                    slot: 0, number: number, outcome: outcome, children: [], durationSeconds: 0.5, handler: "h", pid: 1,
                    cost: RunCost(
                        wallSeconds: 0.5, cpuSeconds: 0.1, memory: MemoryCost(before: nil, peak: 1 << 30, after: nil))),
                outcome,
                of: Slot.Occupation(
                    reservation: Reservation(id: ReservationID(sequence: 1, queue: queue), payload: payload), job: job,
                    since: Moment(boot: .bootTime(), wall: now)))
        }
    }

    private mutating func parcels(isLast: Bool = false) -> [CostParcel] {
        outbox.parcels(from: &tally, at: now, isLast: isLast)
    }

    private func runs(_ parcels: [CostParcel]) -> Int {
        parcels.flatMap(\.classes).reduce(0) { $0 + $1.cost.runs }
    }

    @Test("each run is in one parcel, whatever becomes of metrics in between; interrupted ones are in none")
    mutating func once() {
        run("A", 3)
        #expect(tally.takeMetrics().values.first?.runs == 3)
        run("A", 2)
        run("B", outcome: .interrupted)
        let first = parcels()
        #expect(runs(first) == 5 && first.map(\.number) == [1])
        #expect(first.first?.classes.first?.cost.queueing.quantile(1).map { (1900...2100).contains($0) } == true)
        #expect(
            first.first?.handlers == [
                .init(
                    handler: "h", setting: "arenas=2",
                    peaks: MallocPeaks(runs: 5, sumKB: 5 << 20, highestKB: 1 << 20))
            ])
        #expect(parcels().isEmpty)
        #expect(tally.takeMetrics().values.first?.runs == 2)
        #expect(tally.takeMetrics().isEmpty)
        outbox.answered(1, refusal: nil)
        run("A", 1)
        let second = parcels()
        #expect(runs(second) == 1 && second.first?.number == 2)
    }

    @Test("what a lost connection left unanswered is sent again as it was, and what came meanwhile after it")
    mutating func lost() {
        run("A", 2)
        let first = parcels()
        run("A", 1)
        let second = parcels()
        outbox.linkLost()
        run("A", 4)
        #expect(parcels() == first + second)
        for parcel in first + second { outbox.answered(parcel.number, refusal: nil) }
        #expect(runs(parcels()) == 4)
    }

    @Test("what Redis refuses for now is sent again; what it refuses for good is given up")
    mutating func refused() {
        run("A", 2)
        let first = parcels()
        outbox.answered(1, refusal: RedisRefusal(code: "OOM", message: "OOM command not allowed"))
        #expect(parcels() == first)
        outbox.answered(1, refusal: RedisRefusal(code: "WRONGTYPE", message: "WRONGTYPE"))
        #expect(parcels().isEmpty)
    }

    @Test("the last time everything goes, also while answers are awaited")
    mutating func last() {
        run("A", 2)
        _ = parcels()
        run("B", 3)
        #expect(runs(parcels(isLast: true)) == 3)
        outbox.linkLost()
        run("C", 1)
        #expect(runs(parcels(isLast: true)) == 6)
    }

    @Test("any number of classes is sent in parcels of a few, and beyond a thousand counts together")
    mutating func many() {
        for index in 0..<1300 { run("Class\(index)") }
        let all = parcels()
        #expect(runs(all) == 1300)
        #expect(all.allSatisfy { $0.classes.count <= CostParcel.mostClasses })
        #expect(all.flatMap(\.classes).count == 1001)
        #expect(all.flatMap(\.classes).first { $0.name == "(other)" }?.cost.runs == 300)
    }
}
