import JobModel

/// 15 November 2026, as the daemon would read it from its clock.
let now = Timestamp(milliseconds: 1_794_700_800_123)

/// The queue the jobs of these tests were taken from.
let source = QueueName(trusted: "low")

let boom = Failure(errorClass: "Boom", message: "it broke")

func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

func object(_ text: String) throws -> JSONObject { try JSONObject(scanning: Array(text.utf8)) }

func job(_ text: String) throws -> Job { try Job(decoding: Array(text.utf8)) }

/// A job of class C with more members.
func job(with members: String) throws -> Job {
    try job(#"{"class":"C","args":[],"jid":"j1""# + (members.isEmpty ? "" : ",") + members + "}")
}

/// Name and raw value of every member, in order, as text; names are still escaped.
func members(_ object: JSONObject) -> [String] {
    object.members.map { text(object.bytes[$0.key]) + "=" + text(object.raw($0)) }
}

/// What becomes of a job, with the dice at zero unless told.
func verdict(
    _ outcome: Outcome, _ job: Job, under policy: RetryPolicy = RetryPolicy(), chance: Double = 0,
    storedBacktrace: String? = nil
) -> Verdict {
    Verdict.decide(
        outcome, for: job, from: source, under: policy, now: now, chance: chance, storedBacktrace: storedBacktrace)
}

extension Verdict {
    /// The payload a retry or a burial carries.
    var payload: [UInt8]? {
        switch self {
        case .retry(_, let payload), .retryUnlessPoison(_, let payload, _), .bury(let payload), .suspend(let payload):
            payload
        case .ack, .discard, .requeue, .snooze: nil
        }
    }

    var isRetry: Bool {
        if case .retry = self { true } else { false }
    }

    var isBurial: Bool {
        if case .bury = self { true } else { false }
    }
}
