import Foundation
import Platform
import Redis
import TestSupport

/// Pushes jobs from a thread of its own and keeps the first ledger: what was pushed, and whether Redis said so.
final class ChaosProducer: Sendable {
    private struct State {
        var isStopped = false
        var hasEnded = false
        var pushed: [Ledgers.Push] = []
    }

    private let state = Monitor(State())

    /// - Parameter backlog: jobs that should lie in the queues, so that nobody waits for work.
    init(_ endpoint: RedisEndpoint, seed: UInt64, backlog: Int) {
        OSThread.start(name: "producer", stackBytes: 1 << 20) { [state] in
            Self.push(to: endpoint, seed: seed, backlog: backlog, state)
            state.withLock { $0.hasEnded = true }
            state.notifyAll()
        }
    }

    var count: Int { state.withLock { $0.pushed.count } }

    /// Pushes no more.
    ///
    /// - Returns: the ledger.
    func stop() -> [Ledgers.Push] {
        state.withLock { $0.isStopped = true }
        return state.wait(until: .now().advanced(bySeconds: 60)) { $0.hasEnded ? $0.pushed : nil } ?? []
    }

    private static func push(to endpoint: RedisEndpoint, seed: UInt64, backlog: Int, _ state: Monitor<State>) {
        let desk = RedisDesk(endpoint)
        var random = SeededRandom(seed: ~seed)
        var number = 0
        while !state.withLock({ $0.isStopped }) {
            let lengths = desk.ask([RedisCommand(["LLEN", "queue:default"]), RedisCommand(["LLEN", "queue:low"])])
            guard let lengths, lengths.reduce(0, { $0 + ($1.integer ?? 0) }) < backlog else {
                usleep(5000)
                continue
            }
            let now = Date().timeIntervalSince1970
            let jobs = (0..<200).map { _ in
                defer { number += 1 }
                return draw(JobName(number), now: now, &random)
            }
            let ledger = jobs.map {
                Ledgers.Push(
                    name: $0.name, kind: $0.kind, fingerprint: $0.fingerprint, due: $0.due, isAcknowledged: false)
            }
            let start = state.withLock { state in
                // Written down before it is pushed.
                state.pushed += ledger
                return state.pushed.count - ledger.count
            }
            let (commands, members) = commands(for: jobs)
            guard let replies = desk.ask(commands) else { continue }
            state.withLock { state in
                for (reply, members) in zip(replies, members) where reply.refusal == nil {
                    for member in members { state.pushed[start + member].isAcknowledged = true }
                }
            }
        }
    }

    private static func draw(_ name: JobName, now: Double, _ random: inout SeededRandom) -> ChaosJob {
        let kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
        let isScheduled = Int.random(in: 0..<50, using: &random) == 0
        return ChaosJob(
            name, kind, milliseconds: Int.random(in: kind.milliseconds, using: &random),
            queue: Int.random(in: 0..<4, using: &random) == 0 ? "low" : "default",
            due: isScheduled ? ((now + Double.random(in: 0.5...5, using: &random)) * 1000).rounded() / 1000 : nil)
    }

    private static let kinds = ChaosJob.Kind.allCases.flatMap { Array(repeating: $0, count: $0.share) }

    /// As Sidekiq's client does: SADD and LPUSH, or ZADD; and which of the jobs each command carries.
    private static func commands(for jobs: [ChaosJob]) -> ([RedisCommand], [[Int]]) {
        var commands = [RedisCommand(["SADD", "queues", "default", "low"])]
        var members: [[Int]] = [[]]
        for queue in ["default", "low"] {
            let mine = jobs.indices.filter { jobs[$0].due == nil && jobs[$0].queue == queue }
            guard !mine.isEmpty else { continue }
            var command = RedisCommand(["LPUSH", "queue:\(queue)"])
            for index in mine { command.add(jobs[index].payload) }
            commands.append(command)
            members.append(mine)
        }
        let later = jobs.indices.filter { jobs[$0].due != nil }
        if !later.isEmpty {
            var command = RedisCommand(["ZADD", "schedule"])
            for index in later {
                command.add(String(jobs[index].due ?? 0))
                command.add(jobs[index].payload)
            }
            commands.append(command)
            members.append(later)
        }
        return (commands, members)
    }
}
