/// A Sidekiq payload as a value: the exact bytes, and what the daemon needs to know of them.
///
/// What every run needs is decoded at once; the rest is read from the bytes when it is asked for. Nothing of it changes, so
/// all who handle a job share one object: a struct of this many parts costs a count of references for each at every step.
package final class Job: Sendable {
    package let object: JSONObject
    /// The member `class`.
    package let jobClass: JobClass
    /// What handlers, metrics and display go by: `wrapped` if that is a string (Active Job), else the class.
    package let route: JobClass
    /// Nil if the producer gave none.
    package let jid: String?
    /// Nil before the first failure, 0 after it. At least -1: a dashboard's "retry now" takes one off.
    package let retryCount: Int?
    /// Where its checkpoint lies in the bytes; nil if it has none.
    let checkpointRange: Range<Int>?
    /// `retry` is true, null or missing.
    let hasUsualRetries: Bool
    /// What is there of them, other than null.
    let options: [JobOption: JSONMember]

    /// Decodes what lies in a queue.
    ///
    /// - Parameter limits: what is too large is not even looked at.
    /// - Throws: `MalformedPayload` if it cannot be run as a job.
    package convenience init(decoding payload: [UInt8], limits: PayloadLimits) throws(MalformedPayload) {
        guard payload.count <= limits.bytes else { throw .tooLarge(bytes: payload.count, limit: limits.bytes) }
        try self.init(decoding: payload, depthLimit: limits.depth)
    }

    /// Decodes a payload of any size.
    package init(decoding payload: [UInt8], depthLimit: Int = 100) throws(MalformedPayload) {
        let object: JSONObject
        do throws(JSONError) {
            object = try JSONObject(scanning: payload, depthLimit: depthLimit)
        } catch {
            throw error.reason == .notAnObject ? .notAnObject : .json(error)
        }
        let found = try RoutingMembers(object)
        guard let member = found.jobClass, member.kind == .string else { throw .noClass }
        self.object = object
        self.jobClass = try Self.name(object, member)
        if let wrapped = found.wrapped, wrapped.kind == .string {
            self.route = try Self.name(object, wrapped)
        } else {
            self.route = jobClass
        }
        self.jid = try found.jid.flatMap { (member) throws(MalformedPayload) in try Self.jid(object, member) }
        self.retryCount = found.retryCount.flatMap { Self.count(object, $0) }
        self.options = found.options
        self.hasUsualRetries = found.retry.map { $0.kind == .true || $0.kind == .null } ?? true
        self.checkpointRange = found.checkpoint.flatMap { $0.kind == .null ? nil : $0.value }
    }

    /// The exact bytes, as found in Redis.
    package var payload: [UInt8] { object.bytes }

    /// 1 for the first run. After n failures `retry_count` is n - 1 and the next run is number n + 1.
    package var attempt: Int { retryCount.map { $0 + 2 } ?? 1 }

    /// When it was last put on a queue.
    package var enqueuedAt: Timestamp? { object.timestamp("enqueued_at") }

    /// When it was made.
    package var createdAt: Timestamp? { object.timestamp("created_at") }

    /// When it first failed.
    package var failedAt: Timestamp? { object.timestamp("failed_at") }

    /// The member `queue`; nil if it is missing or no queue's name. Not necessarily the queue the job was taken from.
    package var declaredQueue: QueueName? { object.string("queue").flatMap { QueueName($0) } }

    /// Where retries go: the member `retry_queue`, if it is a queue's name.
    package var retryQueue: QueueName? { object.string("retry_queue").flatMap { QueueName($0) } }

    /// How many lines of a failure's backtrace are kept: nil for none, `Int.max` for all.
    package var backtraceLines: Int? {
        if object.bool("backtrace") == true { return .max }
        guard
            let lines = object.number("backtrace") ?? object.string("backtrace").flatMap({ Int($0) }).map(Double.init),
            lines >= 1
        else { return nil }
        return Int(min(lines, 1_000_000))
    }

    private static func name(_ object: JSONObject, _ member: JSONMember) throws(MalformedPayload) -> JobClass {
        guard let bytes = name(object, member, atMost: JobClass.longest) else { throw .unusableClass }
        return JobClass(bytes: bytes)
    }

    private static func jid(_ object: JSONObject, _ member: JSONMember) throws(MalformedPayload) -> String? {
        if member.kind == .null { return nil }
        guard member.kind == .string, let bytes = name(object, member, atMost: JobID.longest) else {
            throw .unusableJID
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func name(_ object: JSONObject, _ member: JSONMember, atMost longest: Int) -> [UInt8]? {
        let inside = object.bytes[(member.value.lowerBound + 1)..<(member.value.upperBound - 1)]
        let hasEscapes = inside.contains(UInt8(ascii: "\\"))
        let (utf8, isWhole) = hasEscapes ? JSONText.unescape(inside) : (Array(inside), true)
        return isWhole && PlainText.isName(utf8, atMost: longest) ? utf8 : nil
    }

    /// A count of failures that cannot overflow what is computed from it. A fraction is dropped; what is no number
    /// counts as absent, so the job begins anew and still ends.
    private static func count(_ object: JSONObject, _ member: JSONMember) -> Int? {
        guard member.kind == .number, let count = Double(String(decoding: object.raw(member), as: UTF8.self)) else {
            return nil
        }
        return Int(max(-1, min(1_000_000_000, count)))
    }
}
