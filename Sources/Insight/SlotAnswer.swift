/// How many slots a host should have, and how many workers should share them.
struct SlotAnswer {
    /// More slots than do this share of the most that can be done bring little, and each takes memory.
    static let enough = 0.98
    /// The share of I/O is known to some two points, which matters where it is large: the answer holds if jobs compute so
    /// much less than was measured.
    static let margin = 0.95
    /// What one worker is given at the most before there is another: each slot has a thread.
    static let mostPerWorker = 250
    /// Left free of the host's memory, or the cgroup's limit.
    static let spareMemory = 0.1

    /// Of the whole host.
    let slots: Int
    let workers: Int
    /// How few workers could have as many slots.
    let leastWorkers: Int
    /// What keeps it from being more, if something does: the end of a sentence.
    let bound: String?
    /// The connections left do not suffice for a single job.
    let isStarved: Bool
    /// What handlers can have: what is available now and what they have already, less a reserve. Bytes.
    let memoryBudget: Int

    var perWorker: Int { max(1, (slots + workers - 1) / workers) }

    init(_ facts: AdviceFacts, _ mix: JobMix, _ network: ClosedNetwork) {
        let ours = facts.hosts.filter(\.isOurs).reduce(0) { $0 + $1.resident }
        memoryBudget = max(0, facts.machine.available + ours - Int(Double(facts.machine.memory) * Self.spareMemory))
        let present = if case .fixed(let number) = facts.processes { number } else { 1 }
        // With jobs that compute next to nothing no number is enough.
        let most = Self.mostPerWorker * max(present, Int(facts.machine.cores.rounded(.up)))
        var cautious = network
        cautious.cpuSeconds *= Self.margin
        var slots = cautious.leastSlots(for: Self.enough, most: most)
        var bound = slots == most ? "\(Self.mostPerWorker) slots a worker and a worker a core allow no more" : nil
        var isStarved = false
        if let slotBytes = mix.slotBytes, memoryBudget / max(1, slotBytes) < slots {
            slots = max(1, memoryBudget / max(1, slotBytes))
            bound = "memory allows no more"
        }
        let handlers = facts.handlers.map { PoolDemand.Handler(isServe: $0.isServe, connections: $0.connections) }
        let perSlot = PoolDemand.demand(of: handlers, slots: 1)
        for pool in facts.pools {
            guard let wanted = perSlot[pool.name], wanted > 0, pool.left / wanted < slots else { continue }
            slots = max(1, pool.left / wanted)
            isStarved = pool.left < wanted
            bound =
                if pool.left <= 0 {
                    "the other hosts take all \(pool.limit) connections of pool \(pool.name)"
                } else if isStarved {
                    "of pool \(pool.name)'s \(pool.limit) connections \(pool.left) are left, and a job takes \(wanted)"
                } else { "pool \(pool.name) allows no more" }
            if isStarved { break }
        }
        leastWorkers = max(1, (slots + Self.mostPerWorker - 1) / Self.mostPerWorker)
        var workers = leastWorkers
        switch facts.processes {
        case .fixed(let present): workers = min(max(workers, present), slots)
        case .auto(let range): workers = max(range.lowerBound, min(workers, range.upperBound))
        }
        var perWorker = max(1, bound == nil ? (slots + workers - 1) / workers : slots / workers)
        if case .auto(let range) = facts.concurrency {
            perWorker = max(range.lowerBound, min(perWorker, range.upperBound))
        }
        self.slots = perWorker * workers
        self.workers = workers
        self.bound = bound
        self.isStarved = isStarved
    }
}
