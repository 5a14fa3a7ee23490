package import JobModel

/// What Sidekiq's dashboard shows of a process.
package struct ProcessRecord: Equatable, Sendable {
    /// Constant for the life of the process; made by `ProcessDescription.json`.
    package var info: [UInt8]
    package var concurrency: Int
    package var busy: Int
    package var beat: Timestamp
    /// Of the last round trip to Redis.
    package var roundTripMicroseconds: Int
    package var isQuiet: Bool
    package var residentKB: Int

    package init(
        info: [UInt8], concurrency: Int, busy: Int, beat: Timestamp, roundTripMicroseconds: Int, isQuiet: Bool,
        residentKB: Int
    ) {
        self.info = info
        self.concurrency = concurrency
        self.busy = busy
        self.beat = beat
        self.roundTripMicroseconds = roundTripMicroseconds
        self.isQuiet = isQuiet
        self.residentKB = residentKB
    }

    /// Fields and values, as the dashboards of Sidekiq 6 to 8 read them.
    var fields: [[UInt8]] {
        let texts: [(String, String)] = [
            ("concurrency", String(concurrency)), ("busy", String(busy)), ("beat", String(beat.seconds)),
            ("rtt_us", String(roundTripMicroseconds)), ("quiet", isQuiet ? "true" : "false"),
            ("rss", String(residentKB)),
        ]
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

    package init(slot: String, queue: QueueName, payload: [UInt8], startedAt: Timestamp, sequence: UInt64? = nil) {
        self.sequence = sequence
        self.slot = slot
        self.queue = queue
        self.payload = payload
        self.startedAt = startedAt
    }

    /// An object whose payload is a string that holds the job's JSON, and whose time is in whole seconds. The last member is
    /// ours.
    var json: [UInt8] {
        var json = Array(#"{"queue":"#.utf8)
        JSONText.append(quoted: queue.text, to: &json)
        json += Array(#","payload":"#.utf8)
        JSONText.append(quoted: String(decoding: payload, as: UTF8.self), to: &json)
        json += Array(",\"run_at\":\(startedAt.milliseconds / 1000)".utf8)
        if let sequence { json += Array(",\"reservation\":\(sequence)".utf8) }
        return json + [UInt8(ascii: "}")]
    }

    /// The number of the reservation in what `json` wrote; nil in what another program did.
    static func sequence(inJSON bytes: [UInt8]) -> UInt64? {
        (try? JSONObject(scanning: bytes))?.integer("reservation").flatMap { UInt64(exactly: $0) }
    }
}
