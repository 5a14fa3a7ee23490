import Platform

/// How long the runs of a process with threads wait for a lock of their runtime: neither CPU nor I/O.
///
/// The kernel knows no such wait: a thread that waits for a lock sleeps, as one does that waits for the network. But it tells
/// in which of its functions each thread sleeps (wchan of proc(5)), and waiting for a lock is futex(2). So the threads are
/// looked at from time to time. Of the runs that go on, those count as waiting for a lock that neither run nor sleep
/// elsewhere. Threads without work sleep in futex as well, and so may threads that wait for something else; that is why no
/// more is counted than a queue before one core would hold at that load.
///
/// Only the leader touches it.
final class LockWaits {
    /// What the threads of a process are doing.
    struct Census: Equatable {
        /// On a core, or ready to be.
        var running = 0
        /// Asleep in futex(2).
        var locked = 0
        /// Asleep elsewhere.
        var waiting = 0

        var all: Int { running + locked + waiting }
    }

    private static let secondsBetweenLooks = 0.05
    /// Over how long the load is averaged.
    private static let secondsOfLoad = 1.0
    /// More threads than these are not looked at, and then there is no estimate.
    private static let maximumThreads = 128
    /// A process that computes on more than one core, and a little for what a reading misses, has no global lock.
    private static let oneCore = 1.1

    private let pid: Int32
    private let loop: EventLoop
    private var files: [Int32: KeptFile] = [:]
    /// Threads that sleep elsewhere while the process has nothing to do: whoever reads its input, and helpers.
    private var idleWaiting = 1
    private var nextIdleLook = MonotonicTime(nanoseconds: .min)
    /// Of all runs together: seconds until `at`, and how many wait since.
    private var seconds = 0.0
    private var rate = 0.0
    private var at = MonotonicTime(nanoseconds: 0)
    private var isTimerSet = false
    /// Cores the process used lately, and those it would have used; nil before that is known.
    private var load: Shares.Use?
    private var lastUse: (use: Shares.Use, at: MonotonicTime)?

    init(of pid: Int32, loop: EventLoop) {
        self.pid = pid
        self.loop = loop
    }

    /// Of all runs together, since the process began.
    func seconds(now: MonotonicTime) -> Double { seconds + rate * max(0, now.seconds(since: at)) }

    /// No run goes on. Looks at most once a second.
    func lookIdle(now: MonotonicTime) {
        setRate(0, now)
        (load, lastUse) = (nil, nil)
        guard now >= nextIdleLook, let census = census() else { return }
        nextIdleLook = now.advanced(bySeconds: 1)
        idleWaiting = census.waiting
    }

    /// Fewer than two runs go on: nobody waits for another.
    func rest(now: MonotonicTime) { setRate(0, now) }

    /// From now on several runs go on.
    ///
    /// - Parameter ask: how many runs go on, and what the process has used; fewer than two end the looking.
    func watch(_ ask: @escaping (MonotonicTime) -> (runs: Int, use: Shares.Use)) {
        guard !isTimerSet else { return }
        isTimerSet = true
        _ = loop.at(MonotonicTime.now().advanced(bySeconds: Self.secondsBetweenLooks)) { [self] in
            isTimerSet = false
            let now = MonotonicTime.now()
            let (runs, use) = ask(now)
            guard runs > 1 else {
                setRate(0, now)
                (load, lastUse) = (nil, nil)
                return
            }
            look(runs: runs, use, now)
            watch(ask)
        }
    }

    private func look(runs: Int, _ use: Shares.Use, _ now: MonotonicTime) {
        defer { lastUse = (use, now) }
        guard let lastUse, let census = census() else { return }
        // What a thread waited for a core the kernel tells when it is over, so that single looks say little.
        let seconds = now.seconds(since: lastUse.at)
        let part = load == nil ? 1 : min(1, seconds / Self.secondsOfLoad)
        var load = load ?? Shares.Use()
        load.cpu += part * ((use.cpu - lastUse.use.cpu) / seconds - load.cpu)
        load.wait += part * ((use.wait - lastUse.use.wait) / seconds - load.wait)
        self.load = load
        setRate(Self.estimate(census, idleWaiting: idleWaiting, runs: runs, load), now)
    }

    private func setRate(_ waiting: Double, _ now: MonotonicTime) {
        seconds = seconds(now: now)
        at = now
        rate = waiting
    }

    /// How many runs wait for a lock.
    ///
    /// - Parameters:
    ///   - idleWaiting: threads that sleep outside futex while nothing goes on.
    ///   - runs: that go on.
    ///   - load: cores that the process uses, and those it would use in addition.
    static func estimate(_ census: Census, idleWaiting: Int, runs: Int, _ load: Shares.Use) -> Double {
        // Where there is no thread for each run, threads say nothing of runs.
        guard census.all > runs, load.cpu < oneCore else { return 0 }
        let waiting = min(runs, max(0, census.waiting - idleWaiting))
        let running = min(runs - waiting, census.running)
        let locked = min(census.locked, runs - waiting - running)
        // So many wait on average for one server whose work comes in bursts: Pollaczek and Khinchine, a squared coefficient of
        // variation of 3. At full load there is no bound but the runs.
        let busy = load.cpu + load.wait
        let queue = busy < 0.99 ? 2 * busy * busy / (1 - busy) : Double(runs)
        return min(Double(locked), queue)
    }

    private func census() -> Census? {
        let threads = ProcessFile.threads(of: pid)
        guard !threads.isEmpty, threads.count <= Self.maximumThreads else { return nil }
        if files.count > threads.count {
            let present = Set(threads)
            files = files.filter { present.contains($0.key) }
        }
        var census = Census()
        for thread in threads {
            guard let file = files[thread] ?? KeptFile("/proc/\(pid)/task/\(thread)/wchan") else { continue }
            files[thread] = file
            switch file.read(Self.sleep) {
            case .locked?: census.locked += 1
            case .waiting?: census.waiting += 1
            case .running?, nil: census.running += 1
            }
        }
        return census
    }

    private enum Sleep { case running, locked, waiting }

    /// "0" where it does not sleep, else a function of the kernel: "futex_wait_queue", "do_poll", "hrtimer_nanosleep".
    private static func sleep(_ text: UnsafeRawBufferPointer) -> Sleep {
        if text.first == UInt8(ascii: "0") { return .running }
        return text.starts(with: "futex".utf8) || text.starts(with: "do_futex".utf8) ? .locked : .waiting
    }
}
