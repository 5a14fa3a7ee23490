import JobModel
import Testing

@Suite("A handler that does not start costs a job few of its retries")
struct FailedStartTests {
    private let reason = Failure(errorClass: ErrorClass.startFailed, message: "handler a did not start: no")

    private func decide(_ job: Job, _ outcome: Outcome? = nil, now: Int64 = 1_000_000) throws -> Verdict {
        Verdict.decide(
            outcome ?? .notStarted(reason), for: job, from: try #require(QueueName("default")), under: RetryPolicy(),
            now: Timestamp(milliseconds: now), chance: 0, storedBacktrace: nil)
    }

    private func job(_ members: String = "") throws -> Job {
        try Job(decoding: Array(#"{"class":"A","args":[]\#(members.isEmpty ? "" : ",")\#(members)}"#.utf8))
    }

    /// Fails to start so often; returns the delays and the job as it is then.
    private func starve(_ job: Job, times: Int) throws -> (delays: [Double], job: Job) {
        var (delays, job) = ([Double](), job)
        for _ in 0..<times {
            guard case .retry(let seconds, let payload) = try decide(job) else {
                Issue.record("it is tried again")
                break
            }
            delays.append(seconds)
            job = try Job(decoding: payload)
        }
        return (delays, job)
    }

    @Test("the first three count, those after them do not, however many there are")
    func counted() throws {
        let (delays, job) = try starve(job(), times: 12)
        #expect(delays == [15, 16, 31, 30, 60, 120, 240, 480, 600, 600, 600, 600])
        #expect(job.retryCount == 2)
        #expect(job.attempt == 4)
        #expect(job.object.integer("martlet_failed_starts") == 12)
        #expect(job.object.string("error_class") == "StartFailed")
    }

    @Test("the last retry is not used up: a job with `retry: 0`, or one that has used all, is not buried")
    func lastRetry() throws {
        let (delays, zero) = try starve(job(#""retry":0"#), times: 2)
        #expect(delays == [30, 30])
        #expect(zero.retryCount == nil)
        let (_, used) = try starve(job(#""retry":5,"retry_count":4"#), times: 20)
        #expect(used.retryCount == 4)
    }

    @Test("a run that begins and fails follows the job's rules, and starts are counted anew")
    func failure() throws {
        let (_, job) = try starve(job(), times: 5)
        guard case .retry(let seconds, let payload) = try decide(job, .failed(Failure(errorClass: "E", message: "m")))
        else {
            Issue.record("it is retried")
            return
        }
        #expect(seconds == 96)
        let next = try Job(decoding: payload)
        #expect(next.retryCount == 3)
        #expect(next.object.member("martlet_failed_starts") == nil)
    }

    private static let exhausted = [
        #""retry":0"#, #""retry":false"#, #""retry":3,"retry_count":2"#,
        #""retry_for":60,"retry_count":0,"failed_at":1700000000000"#,
    ]
    private let day: Int64 = 24 * 3600 * 1000
    private let begin: Int64 = 1_700_000_061_000

    @Test("for a day it ends no job, whatever that says of its retries, and uses none up", arguments: exhausted)
    func firstDay(members: String) throws {
        var job = try job(members)
        let count = job.retryCount
        for now in [begin, begin + day / 2, begin + day] {
            guard case .retry(_, let payload) = try decide(job, now: now) else {
                Issue.record("it is tried again")
                return
            }
            job = try Job(decoding: payload)
        }
        #expect(job.retryCount == count)
        #expect(job.object.integer("martlet_failed_starts_since") == Int(begin))
    }

    @Test("after a day a job without retries is buried, and begins anew if it is put back", arguments: exhausted)
    func afterDay(members: String) throws {
        guard case .retry(_, let payload) = try decide(job(members), now: begin),
            case .bury(let buried) = try decide(Job(decoding: payload), now: begin + day + 1)
        else {
            Issue.record("it is tried again, then buried")
            return
        }
        #expect(try Job(decoding: buried).object.member("martlet_failed_starts") == nil)
        #expect(try Job(decoding: buried).object.member("martlet_failed_starts_since") == nil)
        guard case .retry = try decide(Job(decoding: buried), now: begin + 2 * day) else {
            Issue.record("it has another day")
            return
        }
    }

    @Test("after a day `dead: false` is dropped")
    func noDeadSet() throws {
        guard case .retry(_, let payload) = try decide(job(#""retry":0,"dead":false"#), now: begin) else {
            Issue.record("it is tried again")
            return
        }
        #expect(try decide(Job(decoding: payload), now: begin + day + 1) == .discard)
    }

    @Test("after a day each uses up a retry, so that it ends")
    func ends() throws {
        var (job, now, runs) = (try job(#""retry":6"#), begin, 0)
        while case .retry(let seconds, let payload) = try decide(job, now: now), runs < 1000 {
            job = try Job(decoding: payload)
            now += Int64(seconds * 1000)
            runs += 1
        }
        #expect((100..<1000).contains(runs))
        #expect(job.retryCount == 5, "the next is the last")
        guard case .bury = try decide(job, now: now) else {
            Issue.record("it is buried")
            return
        }
    }

    @Test("a first start in the future, or none that can be read, does not lengthen the day")
    func wrongClock() throws {
        for since in ["99999999999999", "null", #""soon""#] {
            let members = #""retry":0,"martlet_failed_starts":4,"martlet_failed_starts_since":\#(since)"#
            guard case .retry(_, let payload) = try decide(job(members), now: begin) else {
                Issue.record("it is tried again")
                return
            }
            #expect(try Job(decoding: payload).object.integer("martlet_failed_starts_since") == Int(begin))
        }
    }

    @Test("a payload that claims to have failed absurdly often is tried again all the same")
    func absurd() throws {
        let (delays, _) = try starve(job(#""martlet_failed_starts":9223372036854775807"#), times: 2)
        #expect(delays == [600, 600])
    }
}
