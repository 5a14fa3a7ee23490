import JobModel
import Testing

@Suite("The last run of a job, and the delay its handler wishes")
struct LastRunTests {
    private func isLast(_ members: String, _ policy: RetryPolicy = RetryPolicy()) throws -> Bool {
        try job(with: members).isLastRun(under: policy, now: now)
    }

    @Test(
        "is known before it begins, and is the one after which a failure is the end",
        arguments: [
            "", #""retry":true"#, #""retry":null"#, #""retry":"3""#, #""retry":false"#, #""retry":0"#, #""retry":1"#,
            #""retry":2,"retry_count":0"#, #""retry":2,"retry_count":1"#, #""retry_count":23"#, #""retry_count":24"#,
            #""retry_for":60"#, #""retry_for":60,"retry_count":90,"failed_at":1794700790000"#,
            #""retry_for":60,"retry_count":0,"failed_at":1794700000000"#, #""retry":-1"#,
        ])
    func agrees(_ members: String) throws {
        let verdict = try verdict(.failed(boom), job(with: members))
        #expect(try isLast(members) == !verdict.isRetry)
    }

    @Test("is the first where the policy knows no retries")
    func never() throws {
        #expect(try isLast("", RetryPolicy(maximumRetries: 0)))
        #expect(try !isLast(#""retry":1"#, RetryPolicy(maximumRetries: 0)))
    }

    private func delay(_ retryIn: Double?, _ members: String = "", chance: Double = 0) throws -> Double? {
        let failure = Failure(errorClass: "E", message: "m", retryIn: retryIn)
        let verdict = try verdict(.failed(failure), job(with: members), chance: chance)
        if case .retry(let seconds, _) = verdict { return seconds }
        return nil
    }

    @Test("a wished delay takes the place of the formula, and has the random part all the same")
    func wished() throws {
        #expect(try delay(nil) == 15)
        #expect(try delay(3600) == 3600)
        #expect(try delay(3600, chance: 0.99) == 3609)
        #expect(try delay(0.5, #""retry_count":3,"failed_at":1794700790000"#, chance: 0.5) == 25.5)
    }

    @Test("a wished delay leaves no trace in the payload, and gives no more retries than there are")
    func limits() throws {
        #expect(try delay(30, #""retry":0"#) == nil)
        #expect(try delay(30, #""retry":false"#) == nil)
        let failure = Failure(errorClass: "Boom", message: "it broke", retryIn: 30)
        #expect(try verdict(.failed(failure), job(with: "")).payload == verdict(.failed(boom), job(with: "")).payload)
    }
}
