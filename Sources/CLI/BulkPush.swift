import JobModel
import Platform
import Queueing
import Redis

/// Pushes a stream of job objects, a thousand a round trip.
struct BulkPush {
    /// Jobs in one round trip: Sidekiq's number, and Redis does nothing else meanwhile.
    static let batch = 1000

    private let source: String
    private let connection: RedisConnection
    private var pushed = 0

    /// - Parameter source: what messages call the stream.
    init(source: String, over connection: RedisConnection) {
        self.source = source
        self.connection = connection
    }

    /// Pushes every line that is a job and prints its jid; reports the others with their line number.
    ///
    /// - Returns: how many lines were refused.
    mutating func push(_ lines: inout LineReader) throws -> Int {
        var (number, refused) = (0, 0)
        var jobs: [JobDraft.Prepared] = []
        while let line = try lines.next() {
            number += 1
            guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { continue }
            do throws(DraftError) {
                let now = Timestamp(milliseconds: WallClock.milliseconds())
                jobs.append(try JobDraft.prepare(line, now: now, newJID: Self.newJID()))
            } catch {
                refused += 1
                Output.error("\(source):\(number): \(error)")
            }
            if jobs.count == Self.batch { try flush(&jobs) }
        }
        try flush(&jobs)
        if refused > 0 { Output.error("martlet: pushed \(pushed) jobs, refused \(refused) lines") }
        return refused
    }

    /// Pushes these jobs and prints their jids.
    mutating func push(_ jobs: [JobDraft.Prepared]) throws {
        let outcome: Producer.Outcome
        do throws(RedisError) {
            outcome = try Producer.push(jobs, over: connection)
        } catch {
            let doubt = error.leavesDoubt ? "; of the next \(jobs.count) some may be pushed as well" : ""
            Output.error("martlet: pushed \(pushed) jobs\(doubt)")
            throw error
        }
        pushed += outcome.pushed
        guard outcome.refused.isEmpty else {
            for refused in outcome.refused {
                Output.error(
                    "martlet: \(refused.jobs) jobs for \(refused.place) not pushed: \(refused.refusal.message)")
            }
            throw Exit.unavailable
        }
        Output.line(jobs.map(\.jid).joined(separator: "\n"))
    }

    private mutating func flush(_ jobs: inout [JobDraft.Prepared]) throws {
        guard !jobs.isEmpty else { return }
        try push(jobs)
        jobs.removeAll(keepingCapacity: true)
    }

    static func newJID() -> String {
        var random = SystemRandomNumberGenerator()
        return JobID.make(random: (random.next(), random.next()))
    }
}
