import JobModel
import Platform
import Queueing
import Redis

/// Pushes a stream of job objects, a thousand a round trip.
struct BulkPush {
    /// Jobs in one round trip: Sidekiq's number, and Redis does nothing else meanwhile.
    static let batch = 1000

    private let source: String
    private let limits: PayloadLimits
    private let sidekiq: SidekiqMajor
    private let connection: RedisConnection
    private var pushed = 0

    /// - Parameters:
    ///   - source: what messages call the stream.
    ///   - limits: what is over them is refused.
    ///   - sidekiq: in whose form times are written.
    init(source: String, limits: PayloadLimits, sidekiq: SidekiqMajor, over connection: RedisConnection) {
        self.source = source
        self.limits = limits
        self.sidekiq = sidekiq
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
                jobs.append(try JobDraft.prepare(line, now: now, newJID: Self.newJID(), as: sidekiq, limits: limits))
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

    /// Pushes these jobs and prints the jids of those that are pushed.
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
        // In the order of the input, also where Redis took only some.
        let taken = Set(outcome.jids)
        let jids = jobs.map(\.jid).filter(taken.contains)
        if !jids.isEmpty { Output.line(jids.joined(separator: "\n")) }
        for refused in outcome.refused {
            let what =
                refused.jobs > 0 ? "\(refused.jobs) jobs for \(refused.place) not pushed" : "a queue is not listed"
            Output.error("martlet: \(what): \(refused.refusal.message)")
        }
        guard outcome.refused.allSatisfy({ $0.jobs == 0 }) else {
            Output.error("martlet: pushed \(pushed) jobs; what is left of the input was not tried")
            throw Exit.unavailable
        }
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
