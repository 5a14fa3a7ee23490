import Configuration
import Insight
import JobModel
import Platform

/// Looks from time to time at the memory of processes with runs that go on and on: does it grow all the time?
///
/// Only the leader touches it.
final class MemoryPatrol {
    private struct Watched {
        let number: Int
        var growth: GrowthWatch
        var peak = 0
    }

    private let board: RunBoard
    private let watch: MemoryWatch
    private let loop: EventLoop
    private let handlerName: (Int) -> String
    private var watched: [Int32: Watched] = [:]

    /// - Parameter handlerName: of a handler by its index.
    init(board: RunBoard, watch: MemoryWatch, loop: EventLoop, handlerName: @escaping (Int) -> String) {
        self.board = board
        self.watch = watch
        self.loop = loop
        self.handlerName = handlerName
    }

    /// For as long as this object lives.
    func start() {
        _ = loop.at(MonotonicTime.now().advanced(bySeconds: watch.times.look)) { [weak self] in
            self?.look()
            self?.start()
        }
    }

    private func look() {
        let now = MonotonicTime.now()
        var processes: [Int32: [RunBoard.Entry]] = [:]
        for case let entry? in board.entries {
            guard let pid = entry.pid, now.seconds(since: entry.since) >= watch.times.look / 2 else { continue }
            processes[pid, default: []].append(entry)
        }
        watched = watched.filter { processes[$0.key] != nil }
        for (pid, entries) in processes {
            // Of several in one process the one that has run longest: it is the likeliest, and more is not known.
            guard let entry = entries.min(by: { $0.since < $1.since }) else { continue }
            look(at: pid, entry, among: entries, now)
        }
    }

    private func look(at pid: Int32, _ entry: RunBoard.Entry, among entries: [RunBoard.Entry], _ now: MonotonicTime) {
        guard let reading = MemoryGauge.once(pid) else { return }
        let number = entry.run.number
        var process =
            watched[pid].flatMap { $0.number == number ? $0 : nil }
            ?? Watched(
                number: number,
                growth: GrowthWatch(bytesPerMinute: watch.settings.growth, patience: watch.times.growth))
        process.peak = max(process.peak, reading.resident)
        let isTold = process.growth.look(bytes: reading.anonymous, at: Double(now.nanoseconds) / 1e9)
        let before = process.growth.before ?? reading.anonymous
        watched[pid] = process
        guard isTold else { return }
        let others = Set(entries.map(\.run.job.route.text)).subtracting([entry.run.job.route.text])
        watch.tell(
            MemoryWatch.Finding(
                kind: .growth, before: before, peak: process.peak, after: reading.anonymous,
                seconds: now.seconds(since: entry.since), alongside: others.sorted()),
            of: entry.run, handler: handlerName(entry.handler))
    }
}
