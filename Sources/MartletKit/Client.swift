public import Foundation

/// Pushes jobs in Sidekiq's format, from any program; it needs no Martlet.
///
///     let client = try Client("redis://user:password@host:port/db")
///     try await client.push("ReportJob", 42, options: ["retry": 5])
///
/// Pushes go one after the other over one connection, which is opened when it is needed, and anew if it has ended meanwhile.
/// What fails throws a `PushError`; nothing is ever sent twice. A task that is cancelled before its push begins sends nothing
/// and throws; a push that has begun goes to its end. Inside a run `Run.push` is what you want: those are enqueued with its end.
public actor Client {
    private let address: Address
    private let timeout: Double
    private var connection: Connection?
    private let executor = BlockingExecutor()

    /// Sockets are waited for on a thread of the client's own, not on one of Swift's few.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - url: `redis://user:password@host:port/db` or `unix:///path?db=1`, what is special in them percent-encoded; without
    ///     it `MARTLET_REDIS` or `REDIS_URL` of the environment, else the server on this host. No TLS.
    ///   - timeout: how long the server may keep silent, in seconds above 0.
    /// - Throws: if the URL is none.
    public init(_ url: String? = nil, timeout: Double = 5) throws {
        let environment = ProcessInfo.processInfo.environment
        let urls = [url, environment["MARTLET_REDIS"], environment["REDIS_URL"]].compactMap { $0 }
        address = try Address(urls.first { !$0.isEmpty } ?? "redis://127.0.0.1:6379/0")
        self.timeout = timeout
    }

    /// Pushes a job.
    ///
    /// - Parameters:
    ///   - at: when it is due; if that is past, it is now.
    ///   - seconds: the same, from now on.
    ///   - options: other members of the job, such as `retry` and `tags`.
    /// - Returns: its jid.
    @discardableResult
    public func push<each Argument: Encodable & Sendable>(
        _ jobClass: String, _ argument: repeat each Argument, queue: String = "default", at: Date? = nil,
        in seconds: Double? = nil, options: [String: any Encodable & Sendable] = [:]
    ) throws -> String {
        let child = Child(jobClass, repeat each argument, queue: queue)
        try push([child], to: queue, at: at ?? seconds.map { Date(timeIntervalSinceNow: $0) }, options)
        return child.jid
    }

    /// Pushes a job for each list of arguments, up to 1000 in one step; if it throws, earlier steps have been taken.
    ///
    /// - Returns: their jids.
    @discardableResult
    public func pushBulk(
        _ jobClass: String, _ rows: [[any Encodable & Sendable]], queue: String = "default", at: Date? = nil,
        in seconds: Double? = nil, options: [String: any Encodable & Sendable] = [:]
    ) throws -> [String] {
        let children = rows.map { Child(jobClass, arguments: $0, queue: queue) }
        try push(children, to: queue, at: at ?? seconds.map { Date(timeIntervalSinceNow: $0) }, options)
        return children.map(\.jid)
    }

    /// Schedules a job.
    ///
    /// - Returns: its jid.
    @discardableResult
    public func schedule<each Argument: Encodable & Sendable>(
        at date: Date, _ jobClass: String, _ argument: repeat each Argument, queue: String = "default",
        options: [String: any Encodable & Sendable] = [:]
    ) throws -> String {
        try push(jobClass, repeat each argument, queue: queue, at: date, options: options)
    }

    /// Schedules a job for so many seconds from now.
    ///
    /// - Returns: its jid.
    @discardableResult
    public func schedule<each Argument: Encodable & Sendable>(
        in seconds: Double, _ jobClass: String, _ argument: repeat each Argument, queue: String = "default",
        options: [String: any Encodable & Sendable] = [:]
    ) throws -> String {
        try push(jobClass, repeat each argument, queue: queue, in: seconds, options: options)
    }

    /// Closes the connection; the next push opens one.
    public func close() { connection = nil }

    private func push(
        _ children: [Child], to queue: String, at: Date?, _ options: [String: any Encodable & Sendable]
    ) throws {
        let now = Date()
        let due = at.flatMap { $0 > now ? $0 : nil }
        let texts = try children.map {
            String(decoding: try Wire.text(Job($0, options, at: now, isScheduled: due != nil)), as: UTF8.self)
        }
        for start in stride(from: 0, to: texts.count, by: 1000) {
            let some = texts[start..<min(start + 1000, texts.count)]
            if let score = due?.timeIntervalSince1970 {
                try send([["ZADD", "schedule"] + some.flatMap { [String(score), $0] }])
            } else {
                try send([["SADD", "queues", queue], ["LPUSH", "queue:\(queue)"] + some])
            }
        }
    }

    private func send(_ commands: [[String]]) throws {
        try Task.checkCancellation()
        do {
            let connection = try connection.flatMap { $0.isQuiet ? $0 : nil } ?? Connection(address, timeout: timeout)
            self.connection = connection
            try connection.exchange(commands)
        } catch {
            // An answer that comes later must not be taken for that of the next push.
            connection = nil
            throw error
        }
    }
}

/// A job as Sidekiq's client writes it.
private struct Job: Encodable {
    let child: Child
    let options: [String: any Encodable & Sendable]
    let milliseconds: Int
    let isScheduled: Bool

    init(_ child: Child, _ options: [String: any Encodable & Sendable], at now: Date, isScheduled: Bool) {
        self.child = child
        self.options = options
        milliseconds = Int(now.timeIntervalSince1970 * 1000)
        self.isScheduled = isScheduled
    }

    private struct Member: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// The later of two members with one name is the one that counts.
    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        func encode(_ name: String, _ value: some Encodable) throws {
            try members.encode(value, forKey: Member(stringValue: name))
        }
        try encode("retry", true)
        try encode("created_at", milliseconds)
        for (name, value) in options { try encode(name, value) }
        try child.encode(to: encoder)
        if !isScheduled { try encode("enqueued_at", milliseconds) }
    }
}

/// Does what an actor does, one thing after the other, where it may block.
private final class BlockingExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "martlet.client")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
