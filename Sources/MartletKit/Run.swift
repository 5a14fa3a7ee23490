public import Foundation

/// One run of a job: what is known about it, and what it may say while it goes on.
public struct Run: Sendable {
    public let jid: String?
    public let jobClass: String
    public let queue: String
    /// 1 for the first.
    public let attempt: Int
    /// Whether no retry is left if it fails.
    public let isLast: Bool
    /// When its time is up; nil if it has no limit.
    public let deadline: Date?
    let number: RunNumber
    private let source: RunSource
    private let wire: Wire

    init(_ head: RunHead, source: RunSource, wire: Wire) {
        jid = head.jid
        jobClass = head.jobClass
        queue = head.queue ?? "default"
        attempt = head.attempt
        isLast = head.isLast
        deadline = head.deadline.map { Date(timeIntervalSince1970: $0 / 1000) }
        number = head.number
        self.source = source
        self.wire = wire
    }

    /// Seconds until its time is up; nil if it has no limit.
    public var remaining: Double? { deadline?.timeIntervalSinceNow }

    /// Whether it is to be given up.
    public var isCancelled: Bool { Task.isCancelled }

    /// Throws if it is to be given up.
    public func check() throws { try Task.checkCancellation() }

    /// The list of its arguments as a type of yours.
    public func arguments<T: Decodable>(as type: T.Type) throws -> T {
        guard let arguments: T = try source.decode(at: .args) else {
            return try JSONDecoder().decode(T.self, from: Data("[]".utf8))
        }
        return arguments
    }

    /// Its payload, such as for members of your own.
    public func payload<T: Decodable>(as type: T.Type) throws -> T {
        guard let payload: T = try source.decode(at: .payload) else { throw CocoaError(.coderValueNotFound) }
        return payload
    }

    /// What an earlier run wrote with its last chunk; nil if there was none.
    public func checkpoint<T: Decodable>(as type: T.Type) throws -> T? { try source.decode(at: .checkpoint) }

    /// A sign of life.
    public func progress(_ percent: Double? = nil, _ note: String? = nil) {
        wire.send(Line(progress: number, percent: percent, note: note))
    }

    /// Pushes a child: enqueued together with the end of this job, or not at all.
    ///
    /// - Returns: its jid.
    @discardableResult
    public func push<each Argument: Encodable & Sendable>(
        _ jobClass: String, _ argument: repeat each Argument, queue: String? = nil, at: Date? = nil
    ) throws -> String {
        let child = Child(jobClass, repeat each argument, queue: queue, at: at)
        try push([child])
        return child.jid
    }

    /// Pushes children, which are enqueued together with the end of this job, or not at all.
    public func push(_ children: [Child]) throws {
        let texts = try children.map(Wire.text)
        var start = 0
        while start < texts.count {
            var (end, size) = (start, 0)
            while end < texts.count, end == start || size + texts[end].count < Wire.longestLine / 2 {
                size += texts[end].count
                end += 1
            }
            try wire.send(push: number, texts[start..<end], checkpoint: nil)
            start = end
        }
    }

    /// Has these children enqueued at once, in one step with the checkpoint, from which a later run goes on.
    public func chunk(_ children: [Child], checkpoint: some Encodable) throws {
        try wire.send(push: number, try children.map(Wire.text)[...], checkpoint: try Wire.text(checkpoint))
    }

    /// Writes a line of the log.
    public func log(_ level: LogLevel, _ text: String) { wire.log(level, text, jid: jid) }

    private struct Line: Encodable {
        let progress: RunNumber
        let percent: Double?
        let note: String?
    }
}

/// How serious a line of the log is; sd-daemon(3).
public enum LogLevel: Int, Sendable {
    case error = 3
    case warning, notice, info, debug
}
