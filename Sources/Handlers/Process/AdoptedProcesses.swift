import Glibc
import Logging
import Platform

/// Processes that became our children because their parent ended: what handlers left behind.
///
/// A worker is child subreaper (prctl(2), PR_SET_CHILD_SUBREAPER), so whoever leaves its handler's process group by a
/// double fork arrives here when its parent ends. Where nobody is subreaper they go to init and are out of reach.
/// Only the leader touches this.
final class AdoptedProcesses {
    /// How to tell whose an adopted process is.
    struct Mark {
        /// The handler's process, and so its process group.
        let leader: Int32
        /// Inode of the pipe it prints to; nil if it closed that.
        let output: UInt64?
        /// For a process that ran one job: what its environment says.
        let jid: String?
        /// The handler's configured name.
        let handler: String
        /// The slot of a run it had at its end.
        let slot: Int?
    }

    /// One that was killed and is to be waited for.
    private struct Dying {
        let mark: Mark
        let since: MonotonicTime
        /// The kernel holds it, which was said.
        var isHeld = false
    }

    private let loop: EventLoop
    private let board: RunBoard
    private let log: Logger
    /// Handlers' processes that run or wait to be reaped by their owner.
    private var known: Set<Int32> = []
    private var pendingSpawns: Set<Int> = []
    private var nextSpawn = 0
    private var dying: [Int32: Dying] = [:]
    private var isTimerSet = false
    /// Until then, kills use the last scan.
    private var nextScan = MonotonicTime(nanoseconds: .min)
    /// Processes by their parent, as one scan of /proc found them; each is looked at again before a signal is sent to it.
    private var families: [Int32: [ProcessEntry]]?
    /// Strangers that have ended, and the first spawn that began after we saw them: they cannot be its child.
    private var strangers: [Int32: Int] = [:]

    init(loop: EventLoop, board: RunBoard, log: Logger) {
        self.loop = loop
        self.board = board
        self.log = log
    }

    /// A spawn begins in another thread; its child must not be taken for a stranger before we know its pid.
    func willSpawn() -> Int {
        nextSpawn += 1
        pendingSpawns.insert(nextSpawn)
        return nextSpawn
    }

    func didSpawn(_ ticket: Int, pid: Int32?) {
        pendingSpawns.remove(ticket)
        if let pid { known.insert(pid) }
    }

    /// Whether it is a handler's process that has an owner.
    func isOwned(_ pid: Int32) -> Bool { known.contains(pid) }

    /// Its owner has just reaped this handler's process: before the loop turns again no other can have its number here.
    func didReap(_ pid: Int32) { known.remove(pid) }

    /// Kills what an ended handler left behind and what has become our child. Call it after the process group was
    /// killed and before its leader is reaped, while the group's number is still taken.
    func killLeftovers(_ mark: () -> Mark) {
        let candidates = ProcessFile.childrenOfMainThread().filter { !known.contains($0) && dying[$0] == nil }
        guard !candidates.isEmpty else { return }
        let mark = mark()
        for pid in candidates {
            guard let entry = ProcessEntry(pid: pid), belongs(entry, to: mark) else { continue }
            if !entry.isZombie { killTree(pid) }
            dying[pid] = Dying(mark: mark, since: .now())
        }
        setTimer()
    }

    /// Kills a process and its descendants, whatever process group they moved to. One that has ended already has none: they
    /// became our children.
    func killTree(_ pid: Int32) {
        guard let root = ProcessEntry(pid: pid), !root.isZombie else { return }
        let start = MonotonicTime.now()
        guard start < nextScan else {
            ProcessTree.kill(pid)
            let end = MonotonicTime.now()
            // A thorough kill scans /proc several times. Of many at once, as at a stop, the later ones share one scan, so
            // that scanning takes a tenth of the time at most.
            nextScan = end.advanced(bySeconds: max(0.05, 10 * end.seconds(since: start)))
            families = nil
            return
        }
        let families = families ?? Dictionary(grouping: ProcessTree.all(), by: \.parent)
        self.families = families
        var seen: Set<Int32> = [pid]
        var tree = [root]
        while let entry = tree.popLast() {
            ProcessTree.send(.kill, to: entry)
            // The scan is not of one instant: a reused number could close a circle.
            tree += (families[entry.pid] ?? []).filter { seen.insert($0.pid).inserted }
        }
    }

    /// Reaps children that are nobody's: what handlers that go on have started and left alone.
    ///
    /// Only for a process whose every child is a handler's: it would take away the exit status of any other.
    func reapStrangers() {
        var seen: [Int32: Int] = [:]
        for pid in ProcessFile.childrenOfMainThread() where !known.contains(pid) && dying[pid] == nil {
            guard ProcessEntry(pid: pid)?.isZombie == true else { continue }
            // Once every spawn that had begun when we first saw it is known by its pid, it is none of them.
            if let firstLater = strangers[pid], pendingSpawns.allSatisfy({ $0 >= firstLater }) {
                ProcessTree.reap(pid)
            } else {
                seen[pid] = strangers[pid] ?? nextSpawn + 1
            }
        }
        strangers = seen
    }

    private func belongs(_ entry: ProcessEntry, to mark: Mark) -> Bool {
        // A handler that is just being started, by our main thread, holds copies of all our pipes until it is executed.
        guard entry.parent == getpid(), !ProcessFile.runsOurProgram(entry.pid) else { return false }
        if entry.group == mark.leader { return true }
        if let output = mark.output, ProcessFile.isPipe(output, openIn: entry.pid) { return true }
        guard let jid = mark.jid else { return false }
        return ProcessFile.environment(of: entry.pid, contains: "MARTLET_JID=\(jid)")
    }

    private func setTimer() {
        guard !dying.isEmpty, !isTimerSet else { return }
        isTimerSet = true
        // A killed process is gone in a few milliseconds, unless the kernel holds it.
        let seconds = dying.values.allSatisfy(\.isHeld) ? 1 : 0.05
        _ = loop.at(MonotonicTime.now().advanced(bySeconds: seconds)) { [weak self] in
            self?.reapDying()
            self?.board.deliver()
        }
    }

    private func reapDying() {
        isTimerSet = false
        let now = MonotonicTime.now()
        for (pid, process) in dying {
            if ProcessTree.reap(pid) || ProcessEntry(pid: pid)?.parent != getpid() {
                dying[pid] = nil
                if process.isHeld { release(pid, process, now) }
            } else if !process.isHeld, now.seconds(since: process.since) >= HandlerProcess.secondsToDie {
                dying[pid]?.isHeld = true
                hold(pid, process.mark, now)
            }
        }
        setTimer()
    }

    /// As with a handler's own process: its slot would go on producing more of them.
    private func hold(_ pid: Int32, _ mark: Mark, _ now: MonotonicTime) {
        log.error(
            "a process that a handler left behind was killed and does not end: the kernel holds it; a slot is written off until it does",
            metadata: metadata(pid, mark))
        guard let slot = mark.slot else { return }
        board.takeAway(WrittenOffSlot(slot: slot, handler: mark.handler, pid: pid, jid: mark.jid, since: now))
    }

    private func release(_ pid: Int32, _ process: Dying, _ now: MonotonicTime) {
        log.notice(
            "a process that a handler left behind has ended after \(Int(now.seconds(since: process.since))) s",
            metadata: metadata(pid, process.mark))
        board.giveBack(pid: pid)
    }

    private func metadata(_ pid: Int32, _ mark: Mark) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["handler": "\(mark.handler)", "handler_pid": .stringConvertible(pid)]
        if let jid = mark.jid { metadata["jid"] = "\(jid)" }
        return metadata
    }
}
