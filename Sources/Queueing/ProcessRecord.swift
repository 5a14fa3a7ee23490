package import JobModel

/// What Sidekiq's dashboard shows of a process.
package struct ProcessRecord: Equatable, Sendable {
    /// Constant for the life of the process; made by `ProcessDescription.json`.
    package var info: [UInt8]
    package var concurrency: Int
    /// Between which `concurrency` moves; nil if it is fixed. Ours.
    package var range: ClosedRange<Int>?
    /// Of the time of its runs, the share in which they waited for a core, 0...1; nil if none was measured. Ours.
    package var coreWait: Double?
    package var busy: Int
    package var beat: Timestamp
    /// Of the last round trip to Redis.
    package var roundTripMicroseconds: Int
    package var isQuiet: Bool
    package var residentKB: Int
    /// Slots out of service; ours, dashboards do not know it.
    package var writtenOff: Int
    /// Why it fetches nothing for now, although it is not quiet; nil while it does. Ours, too.
    package var hold: String?
    /// Handlers whose processes do not start, and how often that was tried: "reports (7 times)". Ours.
    package var failingStarts: String?

    package init(
        info: [UInt8], concurrency: Int, busy: Int, beat: Timestamp, roundTripMicroseconds: Int, isQuiet: Bool,
        residentKB: Int, writtenOff: Int = 0, hold: String? = nil, range: ClosedRange<Int>? = nil,
        coreWait: Double? = nil, failingStarts: String? = nil
    ) {
        self.info = info
        self.concurrency = concurrency
        self.busy = busy
        self.beat = beat
        self.roundTripMicroseconds = roundTripMicroseconds
        self.isQuiet = isQuiet
        self.residentKB = residentKB
        self.writtenOff = writtenOff
        self.hold = hold
        self.range = range
        self.coreWait = coreWait
        self.failingStarts = failingStarts
    }

    /// Fields and values, as the dashboards of Sidekiq 6 to 8 read them.
    var fields: [[UInt8]] {
        var texts: [(String, String)] = [
            ("concurrency", String(concurrency)), ("busy", String(busy)), ("beat", String(beat.seconds)),
            ("rtt_us", String(roundTripMicroseconds)), ("quiet", isQuiet ? "true" : "false"),
            ("rss", String(residentKB)), ("written_off", String(writtenOff)),
            ("held", hold ?? ""), ("failing_starts", failingStarts ?? ""),
        ]
        if let coreWait { texts.append(("core_wait_permille", String(Int(coreWait * 1000)))) }
        if let range {
            texts += [("concurrency_min", String(range.lowerBound)), ("concurrency_max", String(range.upperBound))]
        }
        return [Array("info".utf8), info] + texts.flatMap { [Array($0.0.utf8), Array($0.1.utf8)] }
    }
}

/// A job that is being done, as the dashboard shows it.
package struct WorkEntry: Equatable, Sendable {
    /// Names the slot within the process; any short text.
    package var slot: String
    package var queue: QueueName
    package var payload: [UInt8]
    package var startedAt: Timestamp
    /// The number of its reservation, by which rescue knows what was running; nil if nobody is to know.
    package var sequence: UInt64?
    package var whereabouts: Whereabouts?

    /// Which process does it, and how it fares: for `martlet status`.
    package struct Whereabouts: Equatable, Sendable {
        package var handler: String
        /// Nil while it waits for a process.
        package var pid: Int32?
        /// A word: "waiting", "running", "ending", "killed".
        package var standing: String
        package var isSlow: Bool

        package init(handler: String, pid: Int32?, standing: String, isSlow: Bool) {
            self.handler = handler
            self.pid = pid
            self.standing = standing
            self.isSlow = isSlow
        }
    }

    package init(
        slot: String, queue: QueueName, payload: [UInt8], startedAt: Timestamp, sequence: UInt64? = nil,
        whereabouts: Whereabouts? = nil
    ) {
        self.sequence = sequence
        self.slot = slot
        self.queue = queue
        self.payload = payload
        self.startedAt = startedAt
        self.whereabouts = whereabouts
    }

    /// An object whose payload is a string that holds the job's JSON, and whose time is in whole seconds. Members from
    /// `reservation` on are ours; Sidekiq passes over what it does not know.
    var json: [UInt8] {
        var json = Array(#"{"queue":"#.utf8)
        JSONText.append(quoted: queue.text, to: &json)
        json += Array(#","payload":"#.utf8)
        JSONText.append(quoted: String(decoding: payload, as: UTF8.self), to: &json)
        json += Array(",\"run_at\":\(startedAt.milliseconds / 1000)".utf8)
        if let sequence { json += Array(",\"reservation\":\(sequence)".utf8) }
        if let whereabouts { whereabouts.append(to: &json) }
        return json + [UInt8(ascii: "}")]
    }

    /// The number of the reservation in what `json` wrote; nil in what another program did.
    static func sequence(inJSON bytes: [UInt8]) -> UInt64? {
        (try? JSONObject(scanning: bytes))?.integer("reservation").flatMap { UInt64(exactly: $0) }
    }
}

extension WorkEntry.Whereabouts {
    fileprivate func append(to json: inout [UInt8]) {
        json += Array(",\"handler\":".utf8)
        JSONText.append(quoted: handler, to: &json)
        if let pid { json += Array(",\"handler_pid\":\(pid)".utf8) }
        json += Array(",\"state\":".utf8)
        JSONText.append(quoted: standing, to: &json)
        if isSlow { json += Array(",\"slow\":true".utf8) }
    }

    /// Nil in what another program wrote.
    init?(in object: JSONObject) {
        guard let handler = object.string("handler"), let standing = object.string("state") else { return nil }
        self.init(
            handler: handler, pid: object.integer("handler_pid").flatMap { Int32(exactly: $0) }, standing: standing,
            isSlow: object.bool("slow") ?? false)
    }
}
