import Configuration
import Handlers
import Insight
import Platform

/// What a worker with `concurrency: auto` measures between two looks at how many slots are worth having.
struct SlotMeter {
    var control: ConcurrencyControl
    private let processors = ProcessorWatch()
    private let littleMemory: Double
    private let ceiling: Int?
    private var sums = ConcurrencyControl.Sight(seconds: 0)
    private var depth = 0
    /// Nil until Redis has answered for every queue.
    private var backlog: Int?
    private var shortFetches = 0

    init?(_ settings: Settings) {
        guard let range = settings.autoConcurrency else { return nil }
        control = ConcurrencyControl(minimum: range.minimum, maximum: range.maximum, start: range.start)
        littleMemory = Self.littlePart * settings.memory.available
        ceiling = Self.ceiling(settings)
    }

    /// Before memory is so short that nothing is fetched any more, slots are given up.
    private static let littlePart = 1.5

    /// What pools have for the first capsule of a worker, if they had only this host to serve; nil without pools. `martlet check` proves all hosts.
    static func ceiling(_ settings: Settings) -> Int? {
        let handlers = settings.handlers.map {
            PoolDemand.Handler(isServe: $0.keepsProcesses, connections: $0.connections)
        }
        let perSlot = PoolDemand.demand(of: handlers, slots: 1)
        return settings.pools.compactMap { pool in
            guard let wanted = perSlot[pool.name], wanted > 0 else { return nil }
            return max(1, pool.limit / wanted / max(1, settings.processes) - (settings.slots - settings.concurrency))
        }.min()
    }

    /// Notes the end of a run.
    mutating func note(_ report: DispatchReport) {
        sums.finished += 1
        sums.runSeconds += report.durationSeconds
        guard let cost = report.cost else { return }
        sums.measuredSeconds += cost.wallSeconds
        sums.cpuSeconds += cost.cpuSeconds
        sums.coreWaitSeconds += cost.coreWaitSeconds
    }

    mutating func beginDepths() { depth = 0 }

    mutating func noteDepth(_ count: Int, isLast: Bool) {
        depth += count
        if isLast { backlog = depth }
    }

    /// What there was since the last call.
    ///
    /// - Parameters:
    ///   - tightest: the place with the least memory.
    ///   - handlersKB: the memory of all handlers together.
    mutating func sight(
        of state: WorkerState, seconds: Double, isStarting: Bool, tightest: PressureGate.Sight?, handlersKB: Int
    ) -> ConcurrencyControl.Sight {
        var sight = sums
        sight.seconds = seconds
        sight.backlog = state.capsules[0].shortFetches == shortFetches ? backlog ?? 0 : 0
        sight.cpu = processors.share()
        sight.cores = processors.cores
        sight.isStarting = isStarting
        sight.isHeld = state.hold != nil
        sight.littleMemory = littleMemory
        sight.ceiling = ceiling
        if let tightest, tightest.total > 0 {
            sight.availableMemory = Double(tightest.available) / Double(tightest.total)
            sight.slotMemory = Double(handlersKB) * 1024 / Double(max(1, state.limit)) / Double(tightest.total)
        }
        sums = ConcurrencyControl.Sight(seconds: seconds)
        shortFetches = state.capsules[0].shortFetches
        backlog = nil
        return sight
    }
}
