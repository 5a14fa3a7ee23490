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
    /// Seconds until a chunk that was not taken is sent again, doubling.
    private static let pauseSeconds = 0.1...1.0

    init(result: RunResult? = nil) { self.result = result }

    private var chunks: ArraySlice<StreamedChunk> = []
    private var bytes = 0
    /// The job as it will be when the chunk is carried out that is on its way to Redis; nil if none is.
    private(set) var sent: Job?
    /// The first was on its way when a connection was lost.
    private var isUncertain = false
    private(set) var obstacle: Obstacle?
    private(set) var pausedUntil: MonotonicTime?
    private var refusals = 0
    /// What the run came to, which waits.
    var result: RunResult?
    /// Whether the run's process is not read.
    var isHeld = false

    package var count: Int { chunks.count }
    var isEmpty: Bool { chunks.isEmpty }
    var isFull: Bool { count >= Self.most.chunks || bytes >= Self.most.bytes }
    var isInDoubt: Bool { sent != nil || isUncertain }
    /// Refused for want of room again and again, so that it does not look as if there would soon be some.
    var isStuck: Bool { if case .deep = obstacle { refusals >= 5 && sent == nil } else { false } }

    /// The one to be sent, if none is on its way.
    func next(at now: MonotonicTime) -> StreamedChunk? {
        guard sent == nil, pausedUntil.map({ $0 <= now }) ?? true else { return nil }
        return chunks.first
    }

    mutating func append(_ chunk: StreamedChunk) {
        chunks.append(chunk)
        bytes += chunk.bytes
    }

    /// The first is on its way.
    mutating func send(as job: Job) {
        sent = job
        pausedUntil = nil
    }

    /// The first is in Redis.
    mutating func settleFirst() {
        bytes -= chunks.removeFirst().bytes
        (sent, isUncertain, obstacle, refusals) = (nil, false, nil, 0)
    }

    /// The first was not taken, and will be sent again.
    mutating func refuseFirst(_ reason: Obstacle, at now: MonotonicTime) {
        let seconds = Self.pauseSeconds.lowerBound * Double(1 << min(refusals, 4))
        pausedUntil = now.advanced(bySeconds: min(seconds, Self.pauseSeconds.upperBound))
        (sent, isUncertain, obstacle) = (nil, false, reason)
        refusals += 1
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
