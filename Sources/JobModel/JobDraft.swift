/// A job as a producer writes it, before it has all the members it needs in Redis.
package enum JobDraft {
    /// A job ready to be pushed.
    package struct Prepared: Equatable, Sendable {
        package let payload: [UInt8]
        package let queue: QueueName
        /// When it is due, in seconds since the epoch: then it goes into the schedule. Nil: onto its queue at once.
        package let at: Double?
        package let jid: String

        package init(payload: [UInt8], queue: QueueName, at: Double?, jid: String) {
            self.payload = payload
            self.queue = queue
            self.at = at
            self.jid = jid
        }
    }

    /// Below this `at` is a number of seconds from now, above it an instant; Sidekiq's rule. As an instant it is
    /// September 2001.
    package static let smallestInstant: Double = 1_000_000_000
    /// `at` beyond this is refused: the year 5138 in seconds, so it was surely meant in milliseconds.
    private static let largestInstant: Double = 100_000_000_000
    /// Largest `retry_for` in seconds; Sidekiq's client refuses more.
    private static let longestRetryFor: Double = 1_000_000_000

    /// Checks a job object and adds what is missing: jid, queue (`default`), retry (true), created_at, if it goes
    /// onto its queue at once, enqueued_at, and with `expires_in` the time at which it expires. `at` is taken away. All other bytes stay as they are.
    ///
    /// - Parameters:
    ///   - newJID: used if the object has none.
    ///   - major: in whose form times are written.
    ///   - limits: a worker buries what is over them unrun, so it is not pushed. Without them any size will do.
    /// - Throws: `DraftError`, which names the member that is wrong.
    package static func prepare(
        _ object: [UInt8], now: Timestamp, newJID: String, as major: SidekiqMajor = .eight,
        limits: PayloadLimits = PayloadLimits(bytes: .max)
    ) throws(DraftError) -> Prepared {
        let job = try decode(object, limits)
        try check(job.object)
        let due = try due(job.object, now: now)
        let queue = job.declaredQueue ?? .standard
        let jid = job.jid ?? newJID

        var splice = PayloadSplice(job.object)
        if isMissing("queue", job.object) { splice.set("queue", toText: queue.text) }
        if isMissing("retry", job.object) { splice.set("retry", to: Array("true".utf8)) }
        if job.jid == nil { splice.set("jid", toText: jid) }
        if isMissing("created_at", job.object) { splice.set("created_at", to: now, as: major) }
        if let expiry = job.expiry(due: due ?? now.seconds) { splice.setExpiry(expiry) }
        splice.remove("at")
        splice.set("enqueued_at", to: now, as: major)
        var payload = splice.bytes()
        // As heavy as when it lies in its queue, also if that comes later.
        guard payload.count <= limits.bytes else { throw .tooLarge(bytes: payload.count, limit: limits.bytes) }
        if due != nil {
            splice.remove("enqueued_at")
            payload = splice.bytes()
        }
        return Prepared(payload: payload, queue: queue, at: due, jid: jid)
    }

    /// Writes a job object to be prepared.
    ///
    /// - Parameters:
    ///   - arguments: one JSON value each; not checked here.
    ///   - options: more members, each with one JSON value; likewise.
    ///   - at: as in `prepare`; must be finite.
    package static func object(
        class name: String, arguments: [[UInt8]], queue: String? = nil,
        options: [(name: String, value: [UInt8])] = [], at: Double? = nil
    ) -> [UInt8] {
        var bytes = Array("{\"class\":".utf8)
        JSONText.append(quoted: name, to: &bytes)
        bytes += Array(",\"args\":[".utf8)
        bytes += arguments.joined(separator: CollectionOfOne(UInt8(ascii: ",")))
        bytes.append(UInt8(ascii: "]"))
        if let queue { bytes += Array(",\"queue\":".utf8) + JSONText.quote(queue) }
        for (name, value) in options {
            bytes.append(UInt8(ascii: ","))
            JSONText.append(quoted: name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes += value
        }
        if let at { bytes += Array(",\"at\":\(at)".utf8) }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private static func decode(_ object: [UInt8], _ limits: PayloadLimits) throws(DraftError) -> Job {
        do throws(MalformedPayload) {
            return try Job(decoding: object, limits: limits)
        } catch {
            switch error {
            case .json(let error): throw .json(error)
            case .tooLarge(let bytes, let limit): throw .tooLarge(bytes: bytes, limit: limit)
            case .notAnObject: throw .json(JSONError(offset: 0, reason: .notAnObject))
            case .noClass: throw .member("class", "must be a string")
            case .duplicateMember(let name): throw .duplicateMember(name)
            case .unusableClass:
                throw .member("class", "must have 1 to \(JobClass.longest) bytes and no control characters")
            case .unusableJID:
                throw .member("jid", "must be a string of 1 to \(JobID.longest) bytes without control characters")
            }
        }
    }

    private static func check(_ object: JSONObject) throws(DraftError) {
        guard object.member("args")?.kind == .array else { throw .member("args", "must be an array") }
        for name in ["queue", "retry_queue"] where !isMissing(name, object) {
            guard object.string(name).flatMap({ QueueName($0) }) != nil else {
                throw .member(name, "must be a string of 1 to \(QueueName.longest) bytes without control characters")
            }
        }
        guard isMissing("retry", object) || object.bool("retry") != nil || object.integer("retry") != nil else {
            throw .member("retry", "must be true, false or a number of retries")
        }
        if !isMissing("retry_for", object) {
            guard let seconds = object.number("retry_for"), seconds <= longestRetryFor else {
                throw .member("retry_for", "must be a number of seconds, at most 1000000000")
            }
        }
        if !isMissing("expires_in", object), Expiry.seconds(object) == nil {
            throw .member("expires_in", "must be a number of seconds above 0, at most 1000000000")
        }
        if let tags = object.member("tags"), tags.kind != .array { throw .member("tags", "must be an array") }
    }

    private static func due(_ object: JSONObject, now: Timestamp) throws(DraftError) -> Double? {
        if isMissing("at", object) { return nil }
        guard let at = object.number("at") else { throw .member("at", "must be a number of seconds") }
        guard at <= largestInstant else {
            throw .member("at", "is beyond the year 5138: it is in seconds, not milliseconds")
        }
        let due = at < smallestInstant ? now.seconds + at : at
        return due > now.seconds ? due : nil
    }

    private static func isMissing(_ name: String, _ object: JSONObject) -> Bool {
        object.member(name).map { $0.kind == .null } ?? true
    }
}
