import Configuration
import Glibc
import Insight
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

/// A dispatcher with its loop, for one test: it starts runs, turns the loop and keeps what is reported.
final class Rig {
    let loop: EventLoop
    let dispatcher: Dispatcher
    let spawns: Spawns
    private let box = Box()
    private var nextNumber = 0

    private final class Box {
        var reports: [DispatchReport] = []
        var progress: [ProgressReport] = []
        var chunks: [ChunkReport] = []
        var objection: String?
        var output: [HandlerOutput] = []
        var changes: [SlotChange] = []
        var incidents: [MemoryIncident] = []
        var isInside = false
        var keepsReports = true
        var then: ((DispatchReport) -> Void)?
    }

    var reports: [DispatchReport] { box.reports }
    var progress: [ProgressReport] { box.progress }
    var chunks: [ChunkReport] { box.chunks }
    /// What is said against chunks.
    var objection: String? {
        get { box.objection }
        set { box.objection = newValue }
    }
    var output: [HandlerOutput] { box.output }
    /// Slots that were written off, and those that are back.
    var changes: [SlotChange] { box.changes }
    var incidents: [MemoryIncident] { box.incidents }
    /// What handlers printed, line by line.
    var lines: [String] {
        output.compactMap { if case .line(let text) = $0.content { text } else { nil } }
    }

    /// Off where there are too many to keep.
    var keepsReports: Bool {
        get { box.keepsReports }
        set { box.keepsReports = newValue }
    }

    init(
        _ handlers: [HandlerSettings], slots: Int = 4, chance: Double = 0, adoptsOrphans: Bool = false,
        controlGroup: ControlGroup? = nil, vmstat: String? = nil, memoryTimes: MemoryTimes = MemoryTimes()
    ) throws {
        SignalDescriptor.ignoreBrokenPipes()
        loop = try EventLoop()
        spawns = Spawns(loop)
        dispatcher = Dispatcher(
            settings: handlers, slots: slots, loop: loop, spawn: spawns.spawn,
            output: { [box] in box.output.append($0) },
            controlGroup: controlGroup, adoptsOrphans: adoptsOrphans, vmstat: vmstat, memoryTimes: memoryTimes,
            hostName: "here", chance: { chance },
            incident: { [box] in box.incidents.append($0) },
            progress: { [box] in box.progress.append($0) },
            chunk: { [box] in
                box.chunks.append($0)
                return box.objection
            },
            slotChange: { [box] in box.changes.append($0) },
            report: { [box] report in
                #expect(!box.isInside, "a report came while the caller was inside")
                if box.keepsReports { box.reports.append(report) }
                box.then?(report)
            })
    }

    convenience init(_ handler: HandlerSettings, slots: Int = 4, chance: Double = 0) throws {
        try self.init([handler], slots: slots, chance: chance)
    }

    deinit {
        var isStopped = false
        dispatcher.stop(grace: 0) { isStopped = true }
        turn(within: 10) { isStopped }
    }

    /// Called at every report, as a worker that starts the next run does.
    func onReport(_ body: @escaping (DispatchReport) -> Void) { box.then = body }

    /// Starts a run; returns its number.
    @discardableResult
    func start(_ payload: String, slot: Int = 0, queue: String = "default") throws -> Int {
        try start(Array(payload.utf8), slot: slot, queue: queue)
    }

    @discardableResult
    func start(_ payload: [UInt8], slot: Int = 0, queue: String = "default") throws -> Int {
        nextNumber += 1
        box.isInside = true
        dispatcher.start(
            Run(
                slot: slot, number: nextNumber, job: try Job(decoding: payload), queue: try #require(QueueName(queue))))
        box.isInside = false
        return nextNumber
    }

    /// Turns the loop until the condition holds. Returns false if it did not in time.
    @discardableResult
    func turn(within seconds: Double = 20, until condition: () -> Bool) -> Bool {
        loop.turn(within: seconds, until: condition)
    }

    /// Turns until one more report has come, and returns it.
    func nextReport(within seconds: Double = 20) throws -> DispatchReport {
        let count = reports.count
        try #require(turn(within: seconds) { reports.count > count }, "no report came")
        return reports[count]
    }

    /// Starts a run and waits for its report.
    func run(_ payload: String, slot: Int = 0, within seconds: Double = 20) throws -> DispatchReport {
        try start(payload, slot: slot)
        return try nextReport(within: seconds)
    }

    /// Ends all handlers and returns how long that took.
    func stop(grace: Double) -> Double {
        let start = MonotonicTime.now()
        var isStopped = false
        dispatcher.stop(grace: grace) { isStopped = true }
        #expect(turn(within: 60) { isStopped }, "the dispatcher never said that it stopped")
        return MonotonicTime.now().seconds(since: start)
    }
}

/// Where the programs of Tests/EvilHandlers lie.
func evil(_ name: String, file: String = #filePath) -> String {
    let tests = file.split(separator: "/").dropLast(2).joined(separator: "/")
    return "/\(tests)/EvilHandlers/\(name)"
}

func shell(_ script: String, timeout: Double? = nil, grace: Double = 5, classes: [String] = ["*"]) -> HandlerSettings {
    HandlerSettings(
        name: "shell", command: ["sh", "-c", script], executable: "/bin/sh", classes: classes.map { ClassPattern($0) },
        timeout: timeout, grace: grace, directory: "/")
}

func serve(
    arguments: [String] = [], threads: Int = 1, timeout: Double? = nil, grace: Double = 5, startTimeout: Double = 30,
    maxJobs: Int? = nil, maxMemory: Int? = nil, environment: [String: String] = [:]
) -> HandlerSettings {
    HandlerSettings(
        name: "python", command: ["python3", evil("serve.py")] + arguments, executable: "/usr/bin/python3",
        classes: [ClassPattern("*")], mode: .serve, threads: threads, timeout: timeout, grace: grace,
        startTimeout: startTimeout, maxJobs: maxJobs, maxMemory: maxMemory,
        environment: environment.merging(threads > 1 ? ["THREADED": "1"] : [:]) { $1 }, directory: "/")
}

func serveShell(_ script: String, startTimeout: Double = 30, grace: Double = 5) -> HandlerSettings {
    HandlerSettings(
        name: "shell", command: ["sh", "-c", script], executable: "/bin/sh", classes: [ClassPattern("*")], mode: .serve,
        grace: grace, startTimeout: startTimeout, directory: "/")
}

/// A payload whose arguments tell serve.py what to do.
func job(_ arguments: String, jid: String = "0123456789abcdef01234567") -> String {
    #"{"class":"Test","args":[\#(arguments)],"jid":"\#(jid)"}"#
}

func isAlive(_ pid: Int32) -> Bool {
    guard let entry = ProcessEntry(pid: pid) else { return false }
    return !entry.isZombie
}
