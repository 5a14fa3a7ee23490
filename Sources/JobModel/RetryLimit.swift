/// How long a failing job is tried, as its own members and the policy say.
enum RetryLimit: Equatable {
    /// `retry` is false: not at all, and never into the dead set.
    case never
    /// So many retries; 0 dies at the first failure.
    case retries(Int)
    /// `retry_for`: as long as the first failure is not older than this many milliseconds.
    case milliseconds(Int64)

    init(of job: Job, under policy: RetryPolicy) {
        let object = job.object
        if object.bool("retry") == false {
            self = .never
        } else if let seconds = object.number("retry_for") {
            self = .milliseconds(Timestamp(seconds: seconds).milliseconds)
        } else {
            self = .retries(Self.count(object) ?? policy.maximumRetries)
        }
    }

    /// - Parameter count: the job's `retry_count` after this failure.
    func isExhausted(count: Int, firstFailure: Timestamp, now: Timestamp) -> Bool {
        switch self {
        case .never: true
        case .retries(let most): count >= most
        case .milliseconds(let span): firstFailure.milliseconds + span < now.milliseconds
        }
    }

    /// The member `retry` if it is an integer of any size; anything else but false means true to Sidekiq, even "3" and
    /// 3.5.
    private static func count(_ object: JSONObject) -> Int? {
        if let count = object.integer("retry") { return count }
        guard let member = object.member("retry"), member.kind == .number else { return nil }
        let literal = object.raw(member)
        guard literal.dropFirst().allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        return literal.first == UInt8(ascii: "-") ? 0 : .max
    }
}
