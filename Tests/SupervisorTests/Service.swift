import Platform

@testable import Supervisor

/// A service on paper: `SupervisorState` with a clock that stands still and children that do as they are told.
struct Service {
    /// What happened, without log lines and status changes.
    enum Deed: Equatable {
        case spawn(String)
        case signal(String, Signal)
        case send(String, ControlMessage)
        case killStrays, makePlan, ready, reloading, stopping, watchdog
        case exit(Int32)
    }

    private(set) var state: SupervisorState
    private(set) var now = MonotonicTime(nanoseconds: 1_000_000_000_000)
    private(set) var statuses: [String] = []
    private(set) var log: [String] = []
    /// Every child ever started, by a name that tells successors apart: "worker 0", "worker 0'", "worker 0''".
    private(set) var names: [ChildID: String] = [:]
    private(set) var settings: [String: String] = [:]
    private var kills: Set<String> = []
    var canSpawn = true

    init(
        workers: Int = 2, range: ClosedRange<Int>? = nil, scheduler: Bool = true, redisServer: Bool = false,
        stopTimeout: Double = 25,
        watchdogSeconds: Double? = nil
    ) {
        let plan = Self.plan(
            workers: workers, scheduler: scheduler, redisServer: redisServer ? "/usr/bin/redis-server" : nil,
            stopTimeout: stopTimeout, range: range)
        state = SupervisorState(plan: plan, watchdogSeconds: watchdogSeconds)
    }

    static func plan(
        workers: Int = 2, scheduler: Bool = true, redisServer: String? = nil, settings: String = "{}",
        stopTimeout: Double = 25, range: ClosedRange<Int>? = nil
    ) -> Plan {
        var children = (0..<workers).map {
            ChildSpec(
                role: .worker, index: $0, process: ProcessSpec(executable: "/usr/bin/martlet", arguments: ["martlet"]))
        }
        if scheduler {
            let process = ProcessSpec(executable: "/usr/bin/martlet", arguments: ["martlet", "scheduler"])
            children.append(ChildSpec(role: .scheduler, process: process))
        }
        if let redisServer {
            let process = ProcessSpec(executable: redisServer, arguments: ["redis-server"])
            children.append(ChildSpec(role: .redisServer, process: process))
        }
        return Plan(children: children, workers: range, settings: Array(settings.utf8), stopTimeout: stopTimeout)
    }

    // MARK: What happens

    @discardableResult
    mutating func tell(_ event: SupervisorEvent) -> [Deed] {
        var deeds: [Deed] = []
        var events = [event]
        while !events.isEmpty {
            for action in state.handle(events.removeFirst(), now: now) {
                if let deed = perform(action, &events) { deeds.append(deed) }
            }
        }
        return deeds
    }

    @discardableResult
    mutating func start() -> [Deed] { tell(.begin) }

    /// Starts, and has every child say who it is and that it is ready.
    mutating func startAndBecomeReady() {
        start()
        for id in state.children.filter(\.spec.role.speaksControl).map(\.id) {
            if let name = names[id], name.hasPrefix("worker") { tell(.message(id, .identity("host:\(name)"))) }
            tell(.message(id, .ready))
        }
    }

    @discardableResult
    mutating func says(_ name: String, _ message: ControlMessage) -> [Deed] { tell(.message(id(name), message)) }

    @discardableResult
    mutating func ends(_ name: String, _ status: ExitStatus, running: [UInt64] = []) -> [Deed] {
        tell(.exited(id(name), status, how: "\(status)", running: running))
    }

    @discardableResult
    mutating func asks(_ intent: Intent) -> [Deed] { tell(.asked(intent, by: "a test")) }

    /// Lets time pass in the steps the state asks for.
    @discardableResult
    mutating func passes(seconds: Double) -> [Deed] {
        let end = now.advanced(bySeconds: seconds)
        var deeds: [Deed] = []
        while state.nextDeadline <= end {
            now = max(now, state.nextDeadline)
            deeds += tell(.tick)
        }
        now = end
        return deeds
    }

    func id(_ name: String) -> ChildID {
        names.first { $0.value == name }?.key ?? ChildID(number: -1)
    }

    /// Those that were sent SIGKILL and have not ended yet.
    var killed: [String] { running.filter { kills.contains($0) } }

    var running: [String] { state.children.compactMap { names[$0.id] } }

    private mutating func perform(_ action: SupervisorAction, _ events: inout [SupervisorEvent]) -> Deed? {
        switch action {
        case .spawn(let id, let spec, let text):
            var name = "\(spec.name)"
            while names.values.contains(name) { name += "'" }
            names[id] = name
            settings[name] = String(decoding: text, as: UTF8.self)
            events.append(
                canSpawn ? .spawned(id, pid: Int32(100 + id.number)) : .spawnFailed(id, reason: "cannot execute it"))
            return .spawn(name)
        case .signal(let id, let signal):
            let name = names[id] ?? "?"
            if signal == .kill { kills.insert(name) }
            return .signal(name, signal)
        case .send(let id, let message): return .send(names[id] ?? "?", message)
        case .killStrays: return .killStrays
        case .makePlan: return .makePlan
        case .notify(.ready(let status)):
            statuses.append(status)
            return .ready
        case .notify(.reloading): return .reloading
        case .notify(.stopping): return .stopping
        case .notify(.watchdog): return .watchdog
        case .notify(.status(let text)):
            statuses.append(text)
            return nil
        case .log(let level, let text):
            log.append("\(level): \(text)")
            return nil
        case .exit(let status): return .exit(status)
        }
    }
}
