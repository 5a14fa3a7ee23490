package import Platform
import Queueing
package import Redis

/// A worker's connections to Redis, made again whenever they are lost: one that asks and is answered in order, one that
/// listens for pushes (RESP2 delivers them only to a connection that does nothing else).
///
/// Leader only; connecting happens in a follower. Nothing is asked twice here: what an unanswered question did is for
/// `WorkerState` to find out.
package final class RedisLink: EventSink {
    /// What is told to whoever owns the link.
    package enum News: Sendable {
        /// Connected and registered; the lease holds until this moment of CLOCK_BOOTTIME.
        case up(leaseEnd: MonotonicTime)
        /// Lost, or not reached, or refused; the next attempt comes in so many seconds.
        case down(because: RedisError, retrySeconds: Double)
        /// This server must not be worked with, whatever is tried.
        case refused(reason: String)
        case answered(RedisQuestion, RedisReply)
        /// A queue was written to.
        case push
    }

    static let longestPauseSeconds = 5.0
    /// At a stop there is little time left to tell Redis.
    static let hurriedPauseSeconds = 0.25
    /// Between two questions to the sentinels. A master that was replaced tells nobody who stays connected, and takes
    /// writes for as long as it does not know itself.
    static let sentinelSeconds = 2.0
    /// Between attempts while the server does not let us, for lack of a password or of rights.
    static let barredPauseSeconds = 5.0...30.0

    private struct Asked {
        let question: RedisQuestion
        let command: RedisCommand?
        let deadline: MonotonicTime
    }

    private let greeting: RedisGreeting
    private let loop: EventLoop
    private let pool: LeaderPool
    private let tell: (News) -> Void
    private var random: SeededGenerator
    private var connections: RedisGreeting.Connections?
    /// Questions without an answer, in the order in which they were asked.
    private var asked: ArraySlice<Asked> = []
    /// When bytes last moved that could not move at once: a large answer over a slow line takes its time.
    private var movedAt = MonotonicTime(nanoseconds: .min)
    private var failures = 0
    /// When the attempt that is under way began.
    private var connectingSince: MonotonicTime?
    private var isHurried = false
    /// When the next attempt begins, if it waits for that.
    private var retryTimer: TimerID?
    private var isEnded = false
    /// When the sentinels are asked next; `.never` while they are being asked.
    private var sentinelsDue = MonotonicTime.never

    package init(
        _ greeting: RedisGreeting, loop: EventLoop, pool: LeaderPool, seed: UInt64, tell: @escaping (News) -> Void
    ) {
        self.greeting = greeting
        self.loop = loop
        self.pool = pool
        self.tell = tell
        random = SeededGenerator(seed: seed)
    }

    package var isUp: Bool { connections != nil }
    var standing: Progress.Link {
        if connections != nil { return .up(isReceiving: isOverdue(at: .now()) && !isSilent(at: .now())) }
        return connectingSince.map { .connecting(since: $0) } ?? .waiting
    }
    /// Whether pushes can be noticed; if not, look often.
    package var hearsPushes: Bool { connections?.listener != nil }

    // MARK: Asking

    /// Asks; the answer comes as news, unless the link goes down first. Sent at the next `flush`.
    package func ask(_ question: RedisQuestion, _ command: RedisCommand) {
        guard let connections else { return }
        connections.data.append(command)
        asked.append(
            Asked(
                question: question, command: command.script == nil ? nil : command,
                deadline: MonotonicTime.now().advanced(bySeconds: greeting.answerSeconds)))
    }

    package func ask(_ pair: (question: RedisQuestion, command: RedisCommand)) { ask(pair.question, pair.command) }

    /// Sends what was asked since the last time.
    package func flush() {
        guard let connections, connections.data.wantsToWrite else { return }
        do throws(RedisError) {
            let isSent = try connections.data.flush()
            loop.change(connections.data.descriptor, to: isSent ? .readable : [.readable, .writable])
        } catch {
            lost(error)
        }
    }

    /// Gives the connection up if an answer is overdue, and nothing of it is on the way. To be called every second or so.
    package func checkTime() {
        askSentinels()
        let now = MonotonicTime.now()
        guard isOverdue(at: now), isSilent(at: now) else { return }
        lost(.timedOut(doing: "waiting for an answer of \(greeting.server)"))
    }

    private func isOverdue(at now: MonotonicTime) -> Bool { asked.first.map { $0.deadline <= now } ?? false }

    private func isSilent(at now: MonotonicTime) -> Bool { movedAt.advanced(bySeconds: greeting.answerSeconds) <= now }

    /// Asks in a follower whether our server is still the master. Polled, not subscribed to (`+switch-master`): a sentinel
    /// that is cut off says nothing to its subscribers, and looks like one that has nothing to say.
    private func askSentinels() {
        guard greeting.hasSentinels, let peer = connections?.data.peer, sentinelsDue <= .now() else { return }
        sentinelsDue = .never
        pool.submit(.connect) { [greeting, unsafe = Unshared(self)] in
            let objection = greeting.objection(to: peer)
            return { unsafe.value.judged(peer, objection) }
        }
    }

    private func judged(_ peer: RedisEndpoint, _ objection: RedisRefusal?) {
        sentinelsDue = .now().advanced(bySeconds: Self.sentinelSeconds)
        guard let objection, connections?.data.peer == peer else { return }
        giveUp(objection)
    }

    /// Begins or ends to be told of pushes. The answer to beginning is told like a push: whatever was pushed before has to
    /// be looked for once more, since the two connections are not answered in a common order.
    package func listen(_ isOn: Bool) {
        guard let listener = connections?.listener else { return }
        listener.append(isOn ? QueueBell.resumeCommand : QueueBell.pauseCommand)
        do throws(RedisError) {
            // A few bytes on a connection that says nothing else: a socket that does not take them is broken.
            guard try listener.flush() else { throw .timedOut(doing: "listening to \(greeting.server)") }
        } catch {
            lost(error)
        }
    }

    // MARK: Connecting

    /// Connects in a follower, now.
    package func connect() {
        guard !isEnded, connections == nil, connectingSince == nil else { return }
        connectingSince = .now()
        pool.submit(.connect) { [greeting, unsafe = Unshared(self)] in
            let result = Unshared(greeting.greet())
            return { unsafe.value.greeted(result.value) }
        }
    }

    /// From now on the pauses between attempts are short, the one under way too.
    package func hurry() {
        isHurried = true
        guard let retryTimer else { return }
        loop.cancel(retryTimer)
        retry(afterSeconds: 0)
    }

    /// Closes, for good.
    package func end() {
        isEnded = true
        drop()
    }

    private func greeted(_ result: Result<RedisGreeting.Connections, RedisGreeting.Objection>) {
        connectingSince = nil
        guard !isEnded else { return }
        switch result {
        case .success(let connections):
            do throws(SystemError) {
                try loop.watch(connections.data.descriptor, for: .readable, self)
                if let listener = connections.listener { try loop.watch(listener.descriptor, for: .readable, self) }
            } catch {
                return retry(.lost("cannot watch the connection: \(error)"))
            }
            self.connections = connections
            sentinelsDue = .now().advanced(bySeconds: Self.sentinelSeconds)
            tell(.up(leaseEnd: connections.leaseEnd))
        case .failure(.unreachable(let error)): retry(error)
        case .failure(.unfit(let reason)):
            tell(.refused(reason: reason))
            retry(.lost(reason))
        }
    }

    /// Gives the connections up and tries again. Once: what failed in writing fails in reading, too, and a second attempt
    /// beside the first would make connections that nobody closes.
    private func lost(_ error: RedisError) {
        guard connections != nil else { return }
        drop()
        retry(error)
    }

    private func drop() {
        guard let connections else { return }
        loop.forget(connections.data.descriptor)
        if let listener = connections.listener { loop.forget(listener.descriptor) }
        connections.data.close()
        connections.listener?.close()
        self.connections = nil
        asked.removeAll()
    }

    /// Tries again after 0.1 s doubling to 5 s, with full jitter so that a fleet does not come back at one instant.
    /// The pauses begin anew once an exchange was answered, not with the connection: some servers take every connection
    /// and refuse every exchange.
    private func retry(_ error: RedisError) {
        let isBarred = if case .refused(let refusal) = error { refusal.meaning == .barred } else { false }
        let range = isBarred ? Self.barredPauseSeconds : 0.1...Self.longestPauseSeconds
        let ceiling = min(range.upperBound, range.lowerBound * Double(1 << min(failures, 6)))
        failures += 1
        let patient = max(ceiling * Double.random(in: 0.5...1, using: &random), isBarred ? range.lowerBound : 0)
        let seconds = isHurried ? min(patient, Self.hurriedPauseSeconds) : patient
        tell(.down(because: error, retrySeconds: seconds))
        retry(afterSeconds: seconds)
    }

    private func retry(afterSeconds seconds: Double) {
        retryTimer = loop.at(.now().advanced(bySeconds: seconds)) { [weak self] in
            self?.retryTimer = nil
            self?.connect()
        }
    }

    // MARK: Answers

    package func ready(_ fd: Int32, _ readiness: Readiness) {
        guard let connections else { return }
        do throws(RedisError) {
            if fd == connections.data.descriptor {
                movedAt = .now()
                if readiness.contains(.writable) { flush() }
                if readiness != .writable { try readAnswers(connections.data) }
            } else if let listener = connections.listener {
                try readPushes(listener)
            }
        } catch {
            lost(error)
        }
    }

    private func readAnswers(_ data: RedisConnection) throws(RedisError) {
        guard try data.receive() else { return }
        while let reply = try data.nextReply() {
            guard let first = asked.popFirst() else {
                throw .lost("\(greeting.server) answered more than it was asked")
            }
            if reply.refusal?.code == "NOSCRIPT", let command = first.command {
                // Not carried out, so it may be sent again, this time with the script.
                ask(first.question, command.whole)
                continue
            }
            if case .exchange = first.question, reply.refusal == nil { failures = 0 }
            tell(.answered(first.question, reply))
            // Whoever was told may have closed the connection.
            guard connections != nil else { return }
        }
    }

    private func readPushes(_ listener: RedisConnection) throws(RedisError) {
        guard try listener.receive() else { return }
        var isPushed = false
        while try listener.nextReply() != nil { isPushed = true }
        if isPushed { tell(.push) }
    }

    /// The answer says that this server cannot serve us now: closes and tries again later.
    package func giveUp(_ refusal: RedisRefusal) {
        lost(.refused(refusal))
    }
}

/// What is handed from the leader to a follower and back, touched by one of them at a time.
struct Unshared<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
