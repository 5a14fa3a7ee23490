import JobModel
import Platform
import Queueing

/// A job in a list: for people a row, for programs an object; docs/reference/cli.md lists the members.
struct JobRow {
    let place: JobPlace
    private let payload: [UInt8]
    private let object: JSONObject?
    private let name: String?
    private let jid: String
    private let key: JobKey?
    private let queue: String?
    /// When it was pushed, died, will be due, or was begun.
    private let time: Timestamp?
    private let work: ProcessState.RunningJob?

    init(_ entry: JobEntry) {
        place = entry.place
        payload = entry.payload
        object = entry.object
        name = entry.displayName
        jid = entry.jid
        key = entry.key
        queue = entry.queue
        time = entry.time
        work = nil
    }

    init(_ held: HeldJob) {
        place = .reserved(identity: held.identity)
        payload = held.payload
        object = held.object
        name = held.displayName
        jid = held.jid
        key = nil
        queue = held.queue
        time = held.work?.startedAt
        work = held.work
    }

    /// Columns for jobs of one sort of place; with `place` first if there may be several.
    static func columns(_ place: JobPlace?) -> [String] {
        switch place {
        case .queue: ["JID", "CLASS", " WAITED", "ARGUMENTS"]
        case .schedule: ["KEY", "CLASS", "QUEUE", " DUE", "ARGUMENTS"]
        case .retry: ["KEY", "CLASS", "QUEUE", " DUE", " FAILURES", "ERROR"]
        case .dead: ["KEY", "CLASS", "QUEUE", " DIED", " FAILURES", "ERROR"]
        case .reserved: ["JID", "CLASS", "QUEUE", " FOR", "STATE", "PROCESS", "ARGUMENTS"]
        case nil: ["PLACE", "JID OR KEY", "CLASS", " WHEN", "ARGUMENTS"]
        }
    }

    /// What stands below `columns`.
    func cells(_ place: JobPlace?, now: Timestamp) -> [String] {
        let name = TerminalText.cell(name ?? "(no job)")
        let (queue, when) = (TerminalText.cell(queue ?? "-"), Self.ago(time, now))
        let handle = TerminalText.cell(key?.description ?? (jid.isEmpty ? "-" : jid), atMost: 200)
        switch place {
        case .queue: return [handle, name, when, arguments]
        case .schedule: return [handle, name, queue, when, arguments]
        case .retry, .dead: return [handle, name, queue, when, failures, error]
        case .reserved:
            return [
                handle, name, queue, when, work?.whereabouts?.standing ?? (work == nil ? "fetched" : "running"),
                process ?? "-", arguments,
            ]
        case nil: return [self.place.title, handle, name, when, arguments]
        }
    }

    /// The identity of the process that has it.
    private var process: String? { if case .reserved(let identity) = place { identity } else { nil } }

    private var arguments: String {
        let raw = object.flatMap { object in object.member("args").map { object.raw($0) } } ?? payload[...]
        return TerminalText.cell(String(decoding: raw.prefix(400), as: UTF8.self))
    }

    /// After n failures `retry_count` is n - 1.
    private var failures: String { object?.integer("retry_count").map { String($0 &+ 1) } ?? "-" }

    private var error: String {
        guard let name = object?.string("error_class") else { return "-" }
        return TerminalText.cell("\(name): \(object?.string("error_message")?.prefix(200) ?? "")", atMost: 80)
    }

    /// "3 min", or "in 3 min".
    private static func ago(_ time: Timestamp?, _ now: Timestamp) -> String {
        guard let time else { return "-" }
        let seconds = now.seconds - time.seconds
        return seconds < 0 ? "in \(StatusText.duration(-seconds))" : StatusText.duration(seconds)
    }

    /// For programs.
    var text: ObjectText {
        var text = ObjectText()
        text.add("place", text: place.kind)
        if let key { text.add("key", text: key.description) }
        if !jid.isEmpty { text.add("jid", text: jid) }
        if let name { text.add("class", text: name) }
        if let queue { text.add("queue", text: queue) }
        if let time { text.add("time", number: time.seconds) }
        if let process { text.add("process", text: process) }
        if let work {
            text.add("slot", text: work.slot)
            if let whereabouts = work.whereabouts {
                text.add("handler", text: whereabouts.handler)
                text.add("state", text: whereabouts.standing)
            }
        }
        if object != nil {
            text.add("job", raw: payload)
        } else {
            text.add("payload", text: String(decoding: payload, as: UTF8.self))
        }
        return text
    }
}
