import JobModel
import Testing

@Suite("What becomes of a job")
struct VerdictTests {
    @Test("a job that succeeded is done, and a discarded one is dropped")
    func ends() throws {
        #expect(try verdict(.succeeded, job(with: "")) == .ack)
        #expect(try verdict(.discarded, job(with: "")) == .discard)
    }

    @Test("an interrupted job goes back unchanged and keeps its retries")
    func interrupted() throws {
        #expect(try verdict(.interrupted, job(with: #""retry":false"#)) == .requeue)
        #expect(try verdict(.interrupted, job(with: #""retry_count":24"#)) == .requeue)
    }

    @Test(
        "a snoozed job runs again after the seconds it asked for",
        arguments: [(30, 30), (0.5, 0.5), (0, 0), (-5, 0), (.nan, 0), (.infinity, 1e9)] as [(Double, Double)])
    func snoozed(_ asked: Double, _ given: Double) throws {
        #expect(try verdict(.snoozed(seconds: asked), job(with: "")) == .snooze(afterSeconds: given))
    }

    @Test(
        "failures wait 15, 16, 31, 96 seconds and so on",
        arguments: zip(-1...10, [15, 16, 31, 96, 271, 640, 1311, 2416, 4111, 6576, 10015, 14656] as [Double]))
    func curve(_ retryCount: Int, _ seconds: Double) throws {
        let job = try retryCount < 0 ? job(with: "") : job(with: "\"retry_count\":\(retryCount)")
        guard case .retry(let delay, _) = verdict(.failed(boom), job) else {
            Issue.record("it is retried")
            return
        }
        #expect(delay == seconds)
    }

    @Test("all twenty-five retries take twenty days")
    func twentyDays() {
        #expect((0..<25).map { RetryPolicy().delay(beforeRetry: $0) }.reduce(0, +) == 1_763_395)
    }

    @Test(
        "jitter is whole seconds below ten times the number of the run",
        arguments: [(0, 0, 15), (0, 0.999_999, 24), (0, 0.55, 20), (2, 0.999_999, 60), (2, 0.5, 46)]
            as [(Int, Double, Double)])
    func jitter(_ count: Int, _ chance: Double, _ seconds: Double) throws {
        let job = try count == 0 ? job(with: "") : job(with: "\"retry_count\":\(count - 1)")
        guard case .retry(let delay, _) = verdict(.failed(boom), job, chance: chance) else {
            Issue.record("it is retried")
            return
        }
        #expect(delay == seconds)
    }

    @Test("a delay stays finite however often a payload claims to have failed")
    func absurdCount() throws {
        let job = try job(with: #""retry_count":1e300,"retry":1e300,"retry_for":1000000000"#)
        guard case .retry(let delay, let payload) = verdict(.failed(boom), job) else {
            Issue.record("it is retried")
            return
        }
        #expect(delay == 1e9)
        #expect(try Job(decoding: payload).retryCount == 1_000_000_000)
    }

    @Test("a job is buried at its last failure: with retry N that is number N + 1", arguments: [0, 1, 3, 25])
    func exhausted(_ retries: Int) throws {
        var payload = try job(with: "\"retry\":\(retries)").payload
        for _ in 0..<retries {
            let verdict = verdict(.failed(boom), try Job(decoding: payload))
            #expect(verdict.isRetry)
            payload = try #require(verdict.payload)
        }
        #expect(verdict(.failed(boom), try Job(decoding: payload)).isBurial)
    }

    @Test(
        "retry says how often, and what it cannot mean means the configured number",
        arguments: [
            ("true", 4), ("null", 4), ("\"3\"", 4), ("\"\"", 4), ("3.5", 4), ("2.0", 4), ("[]", 4), ("{}", 4), ("0", 0),
            ("2", 2), ("-1", 0), ("-0", 0), ("9", 9), ("1000000000", 500), ("123456789012345678901234567890", 500),
            ("-123456789012345678901234567890", 0),
        ])
    func retries(_ literal: String, _ most: Int) throws {
        let policy = RetryPolicy(maximumRetries: 4)
        func verdict(after retries: Int) throws -> Verdict {
            let count = retries == 0 ? "" : ",\"retry_count\":\(retries - 1)"
            return JobModelTests.verdict(.failed(boom), try job(with: "\"retry\":\(literal)" + count), under: policy)
        }
        if most > 0 { #expect(try verdict(after: most - 1).isRetry) }
        if most < 500 { #expect(try verdict(after: most).isBurial) }
    }

    @Test("a job that says nothing is retried as often as the configuration says")
    func unsaid() throws {
        #expect(try verdict(.failed(boom), job(with: #""retry_count":23"#)).isRetry)
        #expect(try verdict(.failed(boom), job(with: #""retry_count":24"#)).isBurial)
        #expect(try verdict(.failed(boom), job(with: ""), under: RetryPolicy(maximumRetries: 0)).isBurial)
    }

    @Test("retry false drops the job at its first failure; it never reaches the dead set")
    func never() throws {
        #expect(try verdict(.failed(boom), job(with: #""retry":false"#)) == .discard)
        #expect(try verdict(.failed(boom), job(with: #""retry":false,"retry_for":3600"#)) == .discard)
        #expect(try verdict(.dead(boom), job(with: #""retry":false"#)) == .discard)
    }

    @Test("a job whose handler died is retried, and Redis is asked to bury it if that happens too often")
    func died() throws {
        let outcome = Outcome.died(
            Failure(errorClass: "Signal", message: "killed by SIGKILL\nlast words"),
            how: "handler killed by SIGKILL, peak memory 34 MB")
        let job = try job(with: "")
        guard case .retryUnlessPoison(15, let payload, let death) = verdict(outcome, job) else {
            Issue.record("it counts")
            return
        }
        #expect(verdict(.failed(try #require(outcome.failure)), job).payload == payload)
        #expect(death.jid == "j1")
        #expect(death.limit == PoisonLimit(deaths: 3, seconds: 259_200))
        let buried = try object(text(death.poisoned))
        #expect(buried.string("error_class") == "Poison")
        #expect(
            buried.string("error_message")
                == "poison: it was running at 3 unexplained deaths of its worker or handler within 72 h; "
                + "the last: handler killed by SIGKILL, peak memory 34 MB\nlast words")
        #expect(buried.integer("retry_count") == 0)
        #expect(buried.string("queue") == "low")
    }

    @Test("deaths are not counted of jobs without a jid, nor where that is switched off, nor at the end of the retries")
    func diedUncounted() throws {
        let outcome = Outcome.died(boom, how: "handler killed by SIGKILL")
        #expect(verdict(outcome, try JobModel.Job(decoding: Array(#"{"class":"C","args":[]}"#.utf8))).isRetry)
        let off = RetryPolicy(poison: PoisonLimit(deaths: 0))
        #expect(verdict(outcome, try job(with: ""), under: off).isRetry)
        #expect(try verdict(outcome, job(with: #""retry":0"#)).isBurial)
        #expect(try verdict(outcome, job(with: #""retry":false"#)) == .discard)
    }

    @Test("a handler that calls a job dead ends its retries")
    func dead() throws {
        #expect(try verdict(.dead(boom), job(with: "")).isBurial)
        #expect(try verdict(.dead(boom), job(with: #""retry_for":3600"#)).isBurial)
    }

    @Test("dead false drops an exhausted job instead of burying it")
    func unwanted() throws {
        #expect(try verdict(.failed(boom), job(with: #""dead":false,"retry":0"#)) == .discard)
        #expect(try verdict(.dead(boom), job(with: #""dead":false"#)) == .discard)
        #expect(try verdict(.failed(boom), job(with: #""dead":false"#)).isRetry)
        #expect(try verdict(.failed(boom), job(with: #""dead":null,"retry":0"#)).isBurial)
    }

    @Test("retry_for counts from the first failure and ignores the number of retries")
    func retryFor() throws {
        let hourAgo = now.milliseconds - 3_600_000
        #expect(
            try verdict(.failed(boom), job(with: "\"retry_for\":3600,\"retry_count\":90,\"failed_at\":\(hourAgo)"))
                .isRetry)
        #expect(
            try verdict(.failed(boom), job(with: "\"retry_for\":3599,\"retry_count\":0,\"failed_at\":\(hourAgo)"))
                .isBurial)
        let floatSeconds = Double(hourAgo) / 1000
        #expect(
            try verdict(
                .failed(boom), job(with: "\"retry_for\":3599.5,\"retry_count\":0,\"failed_at\":\(floatSeconds)")
            )
            .isBurial)
        #expect(try verdict(.failed(boom), job(with: #""retry_for":0,"retry":0"#)).isRetry)
        #expect(try verdict(.failed(boom), job(with: #""retry_for":-1"#)).isBurial)
        #expect(try verdict(.failed(boom), job(with: #""retry_for":1e400,"retry_count":90,"failed_at":1"#)).isRetry)
        #expect(try verdict(.failed(boom), job(with: #""retry_for":"3600","retry":0"#)).isBurial)
    }
}
