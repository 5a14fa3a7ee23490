/// How many slots a worker should have, how many workers a host, and how many threads a handler's process.
struct SlotAdvice {
    /// A present setting that does this share of what the advised one would do is kept.
    static let near = 0.97

    private let facts: AdviceFacts
    private let mix: JobMix
    private let sure: Recommendation.Sureness
    private let network: ClosedNetwork
    private let answer: SlotAnswer
    private let threadsSharing: Int
    private let lockWaitShare: Double

    init(_ facts: AdviceFacts, _ mix: JobMix, sure: Recommendation.Sureness) {
        self.facts = facts
        self.mix = mix
        self.sure = sure
        let usual = Self.usual(facts)
        threadsSharing = usual.threads
        lockWaitShare = usual.waitShare
        network = ClosedNetwork(
            cores: facts.machine.cores, cpuSeconds: mix.cpuSeconds, ioSeconds: mix.ioSeconds,
            threads: usual.waitShare >= Self.lockWait ? usual.threads : 1)
        answer = SlotAnswer(facts, mix, network)
    }

    var recommendations: [Recommendation] {
        guard mix.measured > 0, mix.cpuSeconds + mix.ioSeconds > 0 else { return [] }
        return [concurrency, processes, load].compactMap { $0 } + facts.handlers.compactMap(threads)
    }

    /// Threads of the handlers whose processes run several jobs at once, that of most of the time.
    static func usualThreads(_ facts: AdviceFacts) -> Int { usual(facts).threads }

    /// Waiting for a lock is counted with the waiting for a core; with less than this share of their time neither was seen.
    static let lockWait = 0.05

    private static func usual(_ facts: AdviceFacts) -> (threads: Int, waitShare: Double) {
        var time: [Int: Int] = [:]
        var measured: [Int: (wall: Int, wait: Int)] = [:]
        for entry in facts.classes {
            let threads = facts.handlers.first { $0.name == entry.handler }?.threads ?? 1
            time[threads, default: 0] += entry.cost.wallMicroseconds
            measured[threads, default: (0, 0)].wall += entry.cost.measuredWallMicroseconds
            measured[threads, default: (0, 0)].wait += entry.cost.coreWaitMicroseconds
        }
        let threads = time.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 1
        let sums = measured[threads] ?? (0, 0)
        return (threads, Double(sums.wait) / Double(max(1, sums.wall)))
    }

    // MARK: Concurrency

    /// How many workers there are; with `auto`, how many it is expected to choose.
    private var presentWorkers: Int {
        if case .fixed(let number) = facts.processes { number } else { answer.workers }
    }

    /// Whether slots and workers stay as they are: the two go together, for it is their product that counts.
    private var isKept: Bool {
        guard case .fixed(let present) = facts.concurrency else { return presentWorkers == answer.workers }
        let total = present * presentWorkers
        if answer.bound != nil, total > answer.slots { return false }
        return network.throughput(total) >= Self.near * network.throughput(answer.slots)
            && total <= max(2 * answer.slots, answer.slots + 4)
    }

    private var concurrency: Recommendation {
        var advice: Recommendation
        switch facts.concurrency {
        case .auto(let range):
            let workers = presentWorkers == answer.workers ? "" : " with `processes: \(answer.workers)`"
            advice = Recommendation(
                .concurrency,
                "`concurrency: auto` finds this by itself, between \(range.lowerBound) and \(range.upperBound): about "
                    + "\(answer.perWorker) slots a worker are expected\(workers).", sure: sure)
            advice.isKept = true
            advice.value = answer.perWorker
        case .fixed(let present):
            advice = Recommendation(.concurrency, isKept ? keep(present) : change(present), sure: sure)
            advice.isKept = isKept
            advice.value = isKept ? present : answer.perWorker
            advice.present = present
            if !isKept { advice.yaml = "concurrency: \(answer.perWorker)" }
        }
        if answer.isStarved, let bound = answer.bound, !advice.text.contains(bound) {
            advice.text += " But \(bound): raise it, or run fewer elsewhere."
        }
        advice.setting = "concurrency"
        advice.arithmetic = arithmetic
        return advice
    }

    private func keep(_ present: Int) -> String {
        let share = network.throughput(present * presentWorkers) / network.throughput(answer.slots)
        let workers = answer.workers == presentWorkers ? "" : " with `processes: \(answer.workers)`"
        return
            "Keep `concurrency: \(present)`: it does \(Quantities.percent(min(1, share))) of what \(answer.perWorker)\(workers) "
            + "would do."
    }

    private func change(_ present: Int) -> String {
        let total = present * presentWorkers
        let (now, then) = (network.throughput(total), network.throughput(answer.slots))
        let change =
            presentWorkers == answer.workers
            ? "Set `concurrency: \(answer.perWorker)` (now \(present)): "
            : "Set `concurrency: \(answer.perWorker)` and `processes: \(answer.workers)`, which are \(answer.slots) slots (now "
                + "\(present) and \(presentWorkers), which are \(total)): "
        if let bound = answer.bound, total > answer.slots { return "\(change)\(bound)." }
        if now < Self.near * then {
            return "\(change)\(Quantities.percent(then / now - 1)) more throughput while jobs wait."
        }
        let saved = mix.slotBytes.map { " and \(Quantities.size($0 * (total - answer.slots))) less memory is taken" }
        return "\(change)as much gets done, each job sooner\(saved ?? "")."
    }

    private var arithmetic: [String] {
        let number = Quantities.number
        let percent = Quantities.percent
        let estimate = mix.estimated > 0 ? "~" : ""
        var lines = [
            "a job computes for \(Quantities.duration(mix.cpuSeconds)) and waits for I/O for "
                + "\(Quantities.duration(mix.ioSeconds)): an I/O share of \(estimate)\(percent(network.ioShare)), the mean of "
                + Quantities.count(mix.measured, "measured run")
        ]
        if network.limit.isFinite {
            lines.append(
                "Amdahl's law: one core keeps at most 1 / (1 - \(number(network.ioShare))) = "
                    + "\(number(1 / max(1e-9, 1 - network.ioShare))) such jobs going, \(number(facts.machine.cores)) of them "
                    + "\(number(network.perfectSlots)), which is \(number(network.limit)) jobs/s")
            let most = network.limit
            let steps = Set([facts.concurrency.most * facts.processes.most, answer.slots, 5, 2 * answer.slots]).sorted()
            let done = steps.map { "\($0): \(percent(network.throughput($0) / most))" }.joined(separator: ", ")
            lines.append("jobs do not take turns perfectly; so many slots on this host do so much of that: \(done)")
        }
        if threadsSharing > 1 {
            let isLocked = network.threads > 1
            lines.append(
                "jobs in processes with \(threadsSharing) threads waited for a lock or a core for \(percent(lockWaitShare)) of "
                    + "their time: it is taken that \(isLocked ? "one" : "each") thread of a process "
                    + "\(isLocked ? "computes at a time" : "can compute while others do")")
        }
        let memory = mix.slotBytes.map { "+\(Quantities.size($0)) memory" } ?? "its memory is not known"
        lines.append("the next slot: +\(percent(network.gain(after: answer.slots))) throughput, \(memory)")
        if let slotBytes = mix.slotBytes {
            lines.append(
                "memory: \(answer.slots) x \(Quantities.size(slotBytes)) = \(Quantities.size(answer.slots * slotBytes)) of the "
                    + "\(Quantities.size(answer.memoryBudget)) there are for handlers (\(facts.machine.place), less "
                    + "\(percent(SlotAnswer.spareMemory)))")
        }
        let all = mix.cpuSeconds + mix.ioSeconds + mix.coreWaitSeconds
        if mix.coreWaitSeconds > 0.1 * all {
            lines.append(
                "jobs waited for a core for \(percent(mix.coreWaitSeconds / all)) of their time: cores are short")
        }
        return lines
    }

    // MARK: Processes

    private var processes: Recommendation {
        var advice: Recommendation
        let isKept: Bool
        switch facts.processes {
        case .auto(let range):
            advice = Recommendation(
                .processes, "`processes: auto` stays between \(range.lowerBound) and \(range.upperBound).", sure: sure)
            isKept = true
        case .fixed(let present):
            isKept = self.isKept || present == answer.workers
            advice = Recommendation(
                .processes,
                isKept ? "Keep `processes: \(present)`." : "Set `processes: \(answer.workers)` (now \(present)).",
                sure: sure)
            advice.present = present
        }
        advice.isKept = isKept
        advice.setting = "processes"
        advice.value = isKept ? presentWorkers : answer.workers
        if !isKept { advice.yaml = "processes: \(answer.workers)" }
        let busyCores = perSecond * mix.cpuSeconds
        advice.arithmetic = [
            "handlers are processes of their own, so slots fill the \(Quantities.number(facts.machine.cores)) cores, however "
                + "many workers have them: for \(answer.slots), at most \(SlotAnswer.mostPerWorker) a worker, \(answer.leastWorkers) would do"
                + (presentWorkers == answer.leastWorkers ? "" : "; you have \(presentWorkers)"),
            "handlers used \(Quantities.number(busyCores)) cores on average on "
                + Quantities.count(max(1, facts.hosts.count), "host")
                + (facts.machine.cpuUse.map {
                    "; this one's CPU is \(Quantities.percent($0)) busy now, which is shown, and not used in the number"
                } ?? ""),
        ]
        return advice
    }

    private var perSecond: Double {
        Double(facts.classes.reduce(0) { $0 + $1.cost.runs }) / max(1, facts.seconds)
    }

    /// Whether the cores there are suffice for the jobs there are.
    private var load: Recommendation? {
        let hosts = max(1, facts.hosts.count)
        let capacity = network.throughput(answer.slots) * Double(hosts)
        let isLong = facts.seconds >= 600
        guard isLong, capacity.isFinite, perSecond > 0.85 * capacity else { return nil }
        var advice = Recommendation(
            .hosts,
            "\(hosts == 1 ? "This host does" : "These \(hosts) hosts do") nearly all "
                + "\(hosts == 1 ? "it" : "they") can: add a host, or cores, before there are more jobs.", sure: sure)
        advice.arithmetic = [
            "\(Quantities.number(perSecond)) jobs/s of at most \(Quantities.number(capacity)): "
                + Quantities.percent(perSecond / capacity)
        ]
        return advice
    }

    // MARK: Threads

    /// For handlers whose processes run several jobs at once: what one more or less would do in each.
    private func threads(_ handler: AdviceFacts.Handler) -> Recommendation? {
        let classes = facts.classes.filter { $0.handler == handler.name }
        let own = JobMix(classes, handlers: facts.handlers)
        guard handler.isServe, handler.threads > 1, own.measured > 0, own.cpuSeconds > 0 else { return nil }
        let process = ClosedNetwork(cores: 1, cpuSeconds: own.cpuSeconds, ioSeconds: own.ioSeconds)
        let value = min(1000, process.leastSlots(for: 0.95, most: 1000))
        let most = process.limit
        let isKept = process.throughput(handler.threads) >= 0.9 * most && handler.threads <= 2 * value
        let key = "handlers.\(handler.name).threads"
        var advice = Recommendation(
            .threads,
            isKept
                ? "Keep `threads: \(handler.threads)` of handler \(handler.name)."
                : "Set `threads: \(value)` of handler \(handler.name) (now \(handler.threads)), if its runtime has a global "
                    + "lock, as CPython and CRuby have.", sure: .of(runs: own.measured, seconds: facts.seconds).lower)
        advice.isKept = isKept
        advice.handler = handler.name
        advice.setting = key
        advice.present = handler.threads
        advice.value = isKept ? handler.threads : value
        if !isKept { advice.yaml = "handlers: { \(handler.name): { threads: \(value) } }" }
        let memory = own.slotBytes.map { ", at most +\(Quantities.size($0)) memory" } ?? ""
        let chosen = advice.value ?? value
        advice.arithmetic = [
            "Amdahl's law: one thread computes at a time, so at an I/O share of \(Quantities.percent(process.ioShare)) a "
                + "process does at most 1 / (1 - \(Quantities.number(process.ioShare))) = "
                + "\(Quantities.number(1 / max(1e-9, 1 - process.ioShare))) times what one thread does",
            "\(handler.threads) threads do \(Quantities.percent(process.throughput(handler.threads) / most)) of that, "
                + "\(value) do \(Quantities.percent(process.throughput(value) / most)); the next thread after \(chosen): "
                + "+\(Quantities.percent(process.gain(after: chosen))) throughput\(memory)",
        ]
        return advice
    }
}
