import Glibc
import Platform

/// How long the threads of one process have waited for a core, all together: schedstat of each, in the kernel's
/// scheduler/sched-stats documentation.
///
/// The first thread is read each time. The others are read when the process computed more than the threads known were seen
/// to, so a handler with one busy thread costs one read whatever else sleeps in its runtime. What a thread waited between
/// its last reading and its end is lost.
struct ThreadWaits {
    private struct Thread {
        let id: Int32
        let file: KeptFile
        var cpu: Double
        var wait: Double
    }

    /// More are not followed.
    private static let maximumThreads = 64
    /// Seconds of CPU that no thread known is seen to have used before the others are looked at.
    private static let tolerance = 0.0001
    /// All threads are read again after so many times what that takes, 1 us each, and listed again after so many times what
    /// that takes, 10 us each: 1 % of the time at most.
    private static let pause = 100.0

    private let pid: Int32
    private var first: Thread
    private var others: [Thread] = []
    /// Of threads that have ended.
    private var lost = 0.0
    /// CPU that no thread known accounts for, when they were all read last.
    private var unexplained = 0.0
    private var nextListing = MonotonicTime(nanoseconds: .min)
    private var nextRound = MonotonicTime(nanoseconds: .min)

    /// nil if the process is gone, or the kernel keeps no such account.
    init?(of pid: Int32) {
        guard let file = KeptFile("/proc/\(pid)/schedstat"), let now = Self.read(file) else { return nil }
        self.pid = pid
        first = Thread(id: pid, file: file, cpu: now.cpu, wait: now.wait)
    }

    /// Seconds since the process began.
    ///
    /// - Parameters:
    ///   - cpu: what the whole process has computed.
    ///   - isLast: it has ended, and only its first thread can still be asked.
    mutating func seconds(cpu: Double, now: MonotonicTime, isLast: Bool = false) -> Double {
        update(&first)
        if !isLast, cpu - explained - unexplained > Self.tolerance, now >= nextRound { readOthers(cpu: cpu, now: now) }
        return others.reduce(lost + first.wait) { $0 + $1.wait }
    }

    private var explained: Double { others.reduce(first.cpu) { $0 + $1.cpu } }

    private mutating func readOthers(cpu: Double, now: MonotonicTime) {
        for index in others.indices { update(&others[index]) }
        if cpu - explained - unexplained > Self.tolerance, now >= nextListing { list(now: now) }
        unexplained = max(0, cpu - explained)
        nextRound = now.advanced(bySeconds: Self.pause * 1e-6 * Double(others.count))
    }

    private mutating func list(now: MonotonicTime) {
        var ids = Set(ProcessFile.threads(of: pid))
        nextListing = now.advanced(bySeconds: Self.pause * 10e-6 * Double(ids.count))
        ids.remove(pid)
        let gone = others.filter { !ids.contains($0.id) }
        lost += gone.reduce(0) { $0 + $1.wait }
        others.removeAll { !ids.contains($0.id) }
        let known = Set(others.map(\.id))
        for id in ids.subtracting(known).sorted().prefix(Self.maximumThreads - others.count) {
            guard let file = KeptFile("/proc/\(pid)/task/\(id)/schedstat"), let now = Self.read(file) else { continue }
            others.append(Thread(id: id, file: file, cpu: now.cpu, wait: now.wait))
        }
    }

    private func update(_ thread: inout Thread) {
        guard let now = Self.read(thread.file) else { return }
        thread.cpu = now.cpu
        thread.wait = now.wait
    }

    private static func read(_ file: KeptFile) -> (cpu: Double, wait: Double)? {
        file.read { fields in
            guard let cpu = fields.number(at: 0), let wait = fields.number(at: 1) else { return nil }
            return (Double(cpu) / 1e9, Double(wait) / 1e9)
        }
    }
}
