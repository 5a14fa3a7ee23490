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

    @Test("what a job says of itself holds: `retry: false` is dropped, `retry_for` ends")
    func ownRules() throws {
        #expect(try decide(job(#""retry":false"#)) == .discard)
        let late = try job(#""retry_for":60,"retry_count":0,"failed_at":1700000000000"#)
        guard case .bury = try decide(late, now: 1_700_000_061_000) else {
            Issue.record("its time is over")
            return
        }
    }

    @Test("a payload that claims to have failed absurdly often is tried again all the same")
    func absurd() throws {
        let (delays, _) = try starve(job(#""martlet_failed_starts":9223372036854775807"#), times: 2)
        #expect(delays == [600, 600])
    }
}
