package import JobModel

/// A job as it lies in one place, or what lies there instead of a job.
package struct JobEntry: Sendable {
    package let place: JobPlace
    /// Its exact bytes.
    package let payload: [UInt8]
    /// Of the sorted sets: when it is due, or when it died, in epoch seconds; nil in a queue.
    package let score: Double?
    /// Nil if the bytes are no JSON object.
    package let object: JSONObject?

    package init(place: JobPlace, payload: [UInt8], score: Double? = nil) {
        self.place = place
        self.payload = payload
        self.score = score
        // What is no object is shown as such.
        object = try? JSONObject(scanning: payload)
    }

    /// Empty if it has none.
    package var jid: String { object?.string("jid") ?? "" }

    /// What people are shown as its class; nil if these bytes are no job.
    package var displayName: String? { Self.displayName(of: payload) }

    /// Why it is no job will be said when it is run.
    static func displayName(of payload: [UInt8]) -> String? { (try? Job(decoding: payload))?.displayName }

    /// The name under which dashboards find it without searching, `SCORE-JID`; nil in a queue.
    package var key: JobKey? { score.map { JobKey(score: $0, jid: jid) } }

    /// The queue where it lies, or to which it would go; nil if it does not say.
    package var queue: String? {
        if case .queue(let name) = place { name.text } else { object?.string("queue") }
    }

    /// When it was pushed, died, or will be due, according to its place.
    package var time: Timestamp? {
        score.map(Timestamp.init(seconds:))
            ?? object.flatMap { $0.timestamp("enqueued_at") ?? $0.timestamp("created_at") }
    }

    /// Since when it has been where it is, as far as it says so: in the retry set since its last failure, in the schedule since
    /// it was made.
    package var since: Timestamp? {
        switch place {
        case .retry: object.flatMap { $0.timestamp("retried_at") ?? $0.timestamp("failed_at") }
        case .schedule: object.flatMap { $0.timestamp("created_at") }
        case .queue, .dead, .reserved: time
        }
    }
}

/// The name of an entry of a sorted set, as Sidekiq's dashboard writes it: its score and its jid.
package struct JobKey: Equatable, Sendable, CustomStringConvertible {
    package let score: Double
    /// May be empty.
    package let jid: String

    package init(score: Double, jid: String) {
        self.score = score
        self.jid = jid
    }

    /// - Parameter text: "1795315261.885-c51bc571717edd65e934cb8e". A jid may look like one, too.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].first?.isNumber == true, let score = Double(parts[0]), score.isFinite else {
            return nil
        }
        self.init(score: score, jid: String(parts[1]))
    }

    /// The shortest text that is exactly this score.
    package var description: String { "\(score)-\(jid)" }
}
