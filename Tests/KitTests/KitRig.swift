import Configuration
import Glibc
import Insight
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

/// A dispatcher that has the handler of a kit, and what is told by each of its runs.
final class KitRig {
    /// What one run came to, and what it said before.
    struct Account {
        var report: DispatchReport?
        var progress: [ProgressReport] = []
        var chunks: [ChunkReport] = []
        var cursors: [[UInt8]] = []
    }

    private let loop: EventLoop
    private let box = Box()
    let dispatcher: Dispatcher
    let slots: Int
    private var free: [Int]
    private var nextNumber = 0

    private final class Box {
        var accounts: [Int: Account] = [:]
        var numbers: [Int: Int] = [:]  // slot -> number of its run
        var lines: [String] = []
        var freed: [Int] = []
        var pids: Set<Int32> = []
        weak var dispatcher: Dispatcher?
        /// Where runs that iterate are told to begin.
        var iteration = IterationState(executions: 1)
    }

    /// By the run's number.
    var accounts: [Int: Account] { box.accounts }
    /// What the processes printed.
    var lines: [String] { box.lines }
    /// The processes that ran jobs.
    var pids: Set<Int32> { box.pids }

    init(_ settings: HandlerSettings, slots: Int) throws {
        SignalDescriptor.ignoreBrokenPipes()
        loop = try EventLoop()
        self.slots = slots
        free = Array(0..<slots)
        dispatcher = Dispatcher(
            settings: [settings], slots: slots, loop: loop,
            spawn: { [loop] spec, completion in
                let result = Result { () throws(SpawnError) in try spec.spawn() }
                _ = loop.at(.now()) { completion(result) }
            },
            output: { [box] in if case .line(let text) = $0.content { box.lines.append(text) } },
            progress: { [box] in box.accounts[$0.number]?.progress.append($0) },
            chunk: { [box] chunk in
                if let number = box.numbers[chunk.slot] { box.accounts[number]?.chunks.append(chunk) }
                return nil
            },
            iteration: { [loop, box] report in
                if let cursor = report.cursor {
                    box.accounts[report.number]?.cursors.append(cursor)
                } else {
                    loop.at(.now()) { box.dispatcher?.tell(report.slot, .goOn(box.iteration, cancelledAt: nil)) }
                }
                return nil
            },
            report: { [box] report in
                box.accounts[report.number]?.report = report
                box.freed.append(report.slot)
                if let pid = report.pid { box.pids.insert(pid) }
            })
        box.dispatcher = dispatcher
    }

    deinit {
        var isStopped = false
        dispatcher.stop(grace: 0) { isStopped = true }
        turn(within: 10) { isStopped }
    }

    /// Runs that iterate are told to begin here.
    func goOn(at cursor: String) {
        box.iteration = IterationState(executions: 2, cursor: Array(cursor.utf8), runtimeSeconds: 1)
    }

    /// Starts a run as soon as a slot is free; returns its number.
    func start(_ payload: [UInt8], queue: String) throws -> Int {
        turn { !self.free.isEmpty || !self.box.freed.isEmpty }
        free += box.freed
        box.freed = []
        let popped = free.popLast()
        let slot = try #require(popped, "no slot became free")
        nextNumber += 1
        box.accounts[nextNumber] = Account()
        box.numbers[slot] = nextNumber
        let job = try Job(decoding: payload)
        // As a worker with the usual settings tells it.
        let isLast = job.isLastRun(under: RetryPolicy(), now: Timestamp(milliseconds: WallClock.milliseconds()))
        dispatcher.start(
            Run(slot: slot, number: nextNumber, job: job, queue: try #require(QueueName(queue)), isLast: isLast))
        return nextNumber
    }

    /// The slot of a run that goes on.
    func slot(of number: Int) -> Int? { box.numbers.first { $0.value == number }?.key }

    /// Until these runs have ended.
    func finish(_ numbers: [Int], within seconds: Double = 60) -> Bool {
        turn(within: seconds) { numbers.allSatisfy { self.box.accounts[$0]?.report != nil } }
    }

    /// Turns the loop until the condition holds. Returns false if it did not in time.
    @discardableResult
    func turn(within seconds: Double = 60, until condition: () -> Bool) -> Bool {
        loop.turn(within: seconds, until: condition)
    }
}
