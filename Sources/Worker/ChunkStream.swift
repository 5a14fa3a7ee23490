package import JobModel
import Platform
import Queueing

/// The chunks of one run that are not in Redis yet. One after the other is sent, in their order; the run's result waits for
/// them.
package struct ChunkStream: Sendable {
    /// Why the first of them is not taken for now.
    package enum Obstacle: Equatable, Sendable, CustomStringConvertible {
        /// A queue has this many jobs, as many as are wanted, or more.
        case deep(QueueName, jobs: Int)
        /// In the words of Redis.
        case blocked(String)

        package var description: String {
            switch self {
            case .deep(let queue, let jobs): "queue \(queue.text) has \(jobs) jobs"
            case .blocked(let reason): reason
            }
        }
    }

    /// More is not read from the run's process while so much waits: the first of the two that is reached.
    private static let most = (chunks: 4, bytes: 4 << 20)
    /// So much of all runs of a worker together may wait; from then on one chunk of a run is enough.
    static let mostBytesTogether = 32 << 20
    /// Seconds until a chunk that was not taken is sent again, doubling: each time it travels whole.
    private static let pauseSeconds = 0.1...10.0
    /// From so many seconds on it does not look as if a chunk that is refused would soon be taken.
    private static let stuckSeconds = 1.5
    /// From so many seconds on others may wait for it without showing it, in its process.
    private static let longStuckSeconds = 10.0

    init(result: RunResult? = nil) { self.result = result }

    private var chunks: ArraySlice<StreamedChunk> = []
    private(set) var bytes = 0
    /// The job as it will be when the chunk is carried out that is on its way to Redis; nil if none is.
    private(set) var sent: Job?
    /// The first was on its way when a connection was lost.
    private var isUncertain = false
    private(set) var obstacle: Obstacle?
    private var pausedUntil: MonotonicTime?
    private var refusals = 0
    /// Since when the first has been refused; `.never` if it was not.
    private(set) var refusedSince = MonotonicTime.never
    /// What the run came to, which waits.
    var result: RunResult?
    /// Whether the run's process is not read.
    var isHeld = false
    /// Whether other runs may be in the run's process: they wait if it is held, and end with it.
    private(set) var sharesProcess = false

    package var count: Int { chunks.count }
    var isEmpty: Bool { chunks.isEmpty }
    var isInDoubt: Bool { sent != nil || isUncertain }

    /// - Parameter isCrowded: the worker as a whole has as much as it may.
    func isFull(isCrowded: Bool) -> Bool {
        count >= (isCrowded ? 1 : Self.most.chunks) || bytes >= Self.most.bytes
    }

    /// Refused for a while, whatever the reason.
    func isStuck(at now: MonotonicTime) -> Bool { isStuck(for: Self.stuckSeconds, at: now) }

    /// Refused for so long that those who wait for its process are not to wait any more.
    func isLongStuck(at now: MonotonicTime) -> Bool { isStuck(for: Self.longStuckSeconds, at: now) }

    private func isStuck(for seconds: Double, at now: MonotonicTime) -> Bool {
        obstacle != nil && !isInDoubt && now >= refusedSince.advanced(bySeconds: seconds)
    }

    /// When something may have to be done with it although nothing happens.
    var times: [MonotonicTime] {
        guard obstacle != nil else { return [] }
        let stuck = [Self.stuckSeconds, Self.longStuckSeconds].map { refusedSince.advanced(bySeconds: $0) }
        return pausedUntil.map { stuck + [$0] } ?? stuck
    }

    /// The one to be sent, if none is on its way.
    func next(at now: MonotonicTime) -> StreamedChunk? {
        guard sent == nil, pausedUntil.map({ $0 <= now }) ?? true else { return nil }
        return chunks.first
    }

    mutating func append(_ chunk: StreamedChunk) {
        chunks.append(chunk)
        bytes += chunk.bytes
        sharesProcess = chunk.sharesProcess
    }

    /// The first is on its way.
    mutating func send(as job: Job) {
        sent = job
        pausedUntil = nil
    }

    /// The first is in Redis.
    mutating func settleFirst() {
        bytes -= chunks.removeFirst().bytes
        (sent, isUncertain, obstacle, refusals, refusedSince) = (nil, false, nil, 0, .never)
    }

    /// The first was not taken, and will be sent again.
    mutating func refuseFirst(_ reason: Obstacle, at now: MonotonicTime) {
        let seconds = Self.pauseSeconds.lowerBound * Double(1 << min(refusals, 7))
        pausedUntil = now.advanced(bySeconds: min(seconds, Self.pauseSeconds.upperBound))
        (sent, isUncertain, obstacle) = (nil, false, reason)
        refusals += 1
        refusedSince = min(refusedSince, now)
    }

    /// The connection is lost: whether the first was carried out is not known.
    mutating func lose() {
        if sent != nil { isUncertain = true }
        sent = nil
    }

    /// Drops what cannot have reached Redis.
    mutating func keepOnlyDoubtful() {
        chunks = isInDoubt ? chunks.prefix(1) : []
        bytes = chunks.first?.bytes ?? 0
    }
}
