import Insight
import JobModel
import Logging
import Platform
import Queueing
import Redis

/// Measures how long jobs wait, against what was promised, and asks for as many workers as that takes.
enum WatchQueues {
    static func runOnce(_ desk: SchedulerDesk, _ redis: RedisConnection) throws(RedisError) {
        guard let watch = desk.watch else { return }
        let states = try QueueList.states(of: watch.queues, redis)
        try judge(states, watch, desk, redis)
        // A worker more would fetch nothing from a paused queue.
        try steer(states.filter { !$0.isPaused }, watch, desk, redis)
    }

    private static func judge(
        _ states: [QueueState], _ watch: QueueWatch, _ desk: SchedulerDesk, _ redis: RedisConnection
    ) throws(RedisError) {
        let seconds = MonotonicTime.bootTime().seconds(since: .init(nanoseconds: 0))
        var notes: [RedisCommand] = []
        for state in states {
            guard let promised = watch.promises[state.name]?.promised else { continue }
            // What waits in a paused queue is to wait.
            guard !state.isPaused else {
                notes.append(PromiseRecord.noteCommand(state.name, promised: promised, latency: 0))
                continue
            }
            let news = watch.promises[state.name]?.look(latency: state.latencySeconds, seconds: seconds)
            tell(news, of: state, promised: promised, desk.log)
            notes.append(
                PromiseRecord.noteCommand(state.name, promised: promised, latency: state.latencySeconds ?? 0))
        }
        guard !notes.isEmpty else { return }
        let replies = try redis.pipeline(notes)
        try desk.attempt("note how promises are kept") { () throws(RedisError) in
            for reply in replies { _ = try reply.accepted() }
        }
    }

    private static func tell(_ news: QueuePromise.News?, of state: QueueState, promised: Double, _ log: Logger) {
        switch news {
        case nil: return
        case .broken(let latency):
            log.warning(
                "queue \(state.name.text) is late: its first job has waited for \(text(latency)), promised are \(text(promised))",
                metadata: ["jobs": "\(state.size)"])
        case .kept(let seconds, let worst):
            log.notice(
                "queue \(state.name.text) keeps its promise of \(text(promised)) again",
                metadata: ["late_for": "\(text(seconds))", "longest_wait": "\(text(worst))"])
        }
    }

    private static func steer(
        _ states: [QueueState], _ watch: QueueWatch, _ desk: SchedulerDesk, _ redis: RedisConnection
    ) throws(RedisError) {
        guard watch.control != nil else { return }
        let workers = try HostWorkers(redis, host: ProcessIdentity.hostName, supervisor: watch.supervisor)
        let cpu = watch.processors.share()
        let change = watch.control?.look(at: sight(states, workers, cpu: cpu, watch))
        if let change { desk.log.notice("\(change)") }
        // Said again until it is so: during a reload, say, the supervisor follows nobody.
        if let wanted = watch.control?.wanted, wanted != workers.count || change != nil { watch.want(wanted) }
    }

    private static func sight(
        _ states: [QueueState], _ workers: HostWorkers, cpu: Double?, _ watch: QueueWatch
    ) -> ProcessControl.Sight {
        var sight = ProcessControl.Sight(seconds: MonotonicTime.bootTime().seconds(since: .init(nanoseconds: 0)))
        sight.workers = workers.count
        sight.slots = workers.slots
        sight.busy = workers.busy
        sight.isAtMost = workers.isAtMost
        sight.isHeld = workers.isHeld
        sight.coreWait = workers.coreWait
        sight.cpu = cpu
        sight.backlog = states.reduce(0) { $0 + $1.size }
        for state in states {
            guard let promised = watch.promises[state.name]?.promised else { continue }
            let latency = state.latencySeconds ?? 0
            guard latency / promised >= sight.lateness ?? 0 else { continue }
            sight.lateness = latency / promised
            sight.latest =
                "the first of \(state.size) jobs in \(state.name.text) has waited for \(text(latency)), promised are "
                + text(promised)
        }
        let tightest = watch.memory.read().min {
            Double($0.available) / Double(max(1, $0.total)) < Double($1.available) / Double(max(1, $1.total))
        }
        if let tightest, tightest.total > 0 {
            sight.availableMemory = Double(tightest.available) / Double(tightest.total)
            sight.littleMemory = watch.littleMemory
            sight.workerMemory =
                Double(workers.residentKB) * 1024 / Double(max(1, workers.count)) / Double(tightest.total)
        }
        return sight
    }

    private static func text(_ seconds: Double) -> String {
        seconds < 10 ? "\(Int((seconds * 1000).rounded())) ms" : "\(Int(seconds.rounded())) s"
    }
}
