import Insight

/// A worker at full load, in virtual time: slots that each do one job after the other, a job being some time on one of the
/// cores, first come first served, and some time waiting for something else.
struct JobPlant {
    /// Of a job, in seconds.
    var wall: Double
    /// 0...1
    var ioShare: Double
    var cores: Int
    /// Whether times are drawn from exponential distributions, or are always the same.
    var isRandom = true
    /// Whatever jobs wait for serves so many at a time; the others wait for it.
    var servers = Int.max
    /// Cores that others use.
    var othersUse = 0.0
    /// Whether jobs wait in the queues.
    var hasBacklog = true
    var limit: Int

    private(set) var seconds = 0.0
    private var random: UInt64
    private var events: [(time: Double, slot: Int)] = []
    private var slots: [Int: Job] = [:]
    private var next = 0
    private var coreLine: [Int] = []
    private var coresBusy = 0
    private var serverLine: [Int] = []
    private var serversBusy = 0
    private var sight = ConcurrencyControl.Sight(seconds: 0)
    private var busySeconds = 0.0

    private struct Job {
        var began: Double
        var io: Double
        var cpu: Double
        var queuedAt = 0.0
        var coreWait = 0.0
        var isComputing = false
    }

    init(wall: Double, ioShare: Double, cores: Int, limit: Int, seed: UInt64) {
        self.wall = wall
        self.ioShare = ioShare
        self.cores = cores
        self.limit = limit
        random = seed &+ 0x9E37_79B9_7F4A_7C15
    }

    /// Works for some time.
    ///
    /// - Returns: what a look at its end sees.
    mutating func run(forSeconds duration: Double) -> ConcurrencyControl.Sight {
        let end = seconds + duration
        sight = ConcurrencyControl.Sight(seconds: end)
        busySeconds = 0
        fill()
        while let event = pop(before: end) {
            pass(to: event.time)
            step(event.slot)
            fill()
        }
        pass(to: end)
        sight.cpu = min(1, (busySeconds / duration + othersUse) / Double(cores))
        sight.cores = Double(cores)
        sight.backlog = hasBacklog ? 212 : 0
        return sight
    }

    private mutating func pass(to time: Double) {
        busySeconds += Double(coresBusy) * (time - seconds)
        seconds = time
    }

    private mutating func fill() {
        while hasBacklog, slots.count < limit {
            next += 1
            let (io, cpu) = (drawn(wall * ioShare), drawn(wall * (1 - ioShare)))
            slots[next] = Job(began: seconds, io: io, cpu: cpu)
            if io == 0 {
                wantCore(next)
            } else if serversBusy < servers {
                serversBusy += 1
                push(seconds + io, next)
            } else {
                serverLine.append(next)
            }
        }
    }

    private mutating func step(_ slot: Int) {
        guard let job = slots[slot] else { return }
        if job.isComputing { return finish(slot, job) }
        serversBusy -= 1
        if !serverLine.isEmpty, let io = slots[serverLine[0]]?.io {
            serversBusy += 1
            push(seconds + io, serverLine.removeFirst())
        }
        wantCore(slot)
    }

    private mutating func wantCore(_ slot: Int) {
        slots[slot]?.queuedAt = seconds
        coreLine.append(slot)
        giveCores()
    }

    private mutating func giveCores() {
        while coresBusy < max(1, cores - Int(othersUse)), !coreLine.isEmpty {
            let slot = coreLine.removeFirst()
            guard var job = slots[slot] else { continue }
            coresBusy += 1
            job.isComputing = true
            job.coreWait = seconds - job.queuedAt
            slots[slot] = job
            push(seconds + job.cpu, slot)
        }
    }

    private mutating func finish(_ slot: Int, _ job: Job) {
        coresBusy -= 1
        slots[slot] = nil
        sight.finished += 1
        sight.runSeconds += seconds - job.began
        sight.measuredSeconds += seconds - job.began
        sight.cpuSeconds += job.cpu
        sight.coreWaitSeconds += job.coreWait
        giveCores()
    }

    // MARK: A heap of events, and chance

    private mutating func push(_ time: Double, _ slot: Int) {
        events.append((time, slot))
        var child = events.count - 1
        while child > 0, events[child].time < events[(child - 1) / 2].time {
            events.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func pop(before end: Double) -> (time: Double, slot: Int)? {
        guard let first = events.first, first.time < end else { return nil }
        let last = events.removeLast()
        guard !events.isEmpty else { return first }
        events[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < events.count && events[child].time < events[least].time { least = child }
            if least == parent { return first }
            events.swapAt(parent, least)
            parent = least
        }
    }

    mutating func chance() -> Double {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(random >> 11) / Double(1 << 53)
    }

    /// `Double.log` is no part of the standard library: twelve times halved and squared is near enough to an exponential.
    private mutating func drawn(_ mean: Double) -> Double {
        guard isRandom, mean > 0 else { return mean }
        // A sum of two uniform halves the variance of one; the product of them gives the long tail that jobs have.
        let (one, other) = (chance(), chance())
        return mean * 4 * one * other
    }
}
