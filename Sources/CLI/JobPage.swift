import Foundation
import JobModel
import Platform
import Queueing
import Redis

/// All that is known of one job.
struct JobPage {
    private let row: JobRow
    private let payload: [UInt8]
    private let object: JSONObject?
    /// Where it is, for people: names and values.
    private var head: [(String, String)]
    private let dueAt: Timestamp?
    private let backtrace: [String]
    private let iteration: IterationRecord?

    init(_ found: JobFinder.Found, _ redis: RedisConnection) throws(RedisError) {
        let jid: String
        switch found {
        case .waiting(let entry):
            (row, payload, object, jid) = (JobRow(entry), entry.payload, entry.object, entry.jid)
            head = [("place", entry.place.title)]
            if let key = entry.key { head.append(("key", key.description)) }
            let isDue = entry.place == .schedule || entry.place == .retry
            dueAt = isDue ? entry.time : nil
        case .held(let job):
            (row, payload, object, jid) = (JobRow(job), job.payload, job.object, job.jid)
            head = [("place", "process \(job.identity)"), ("queue", job.queue)]
            if let work = job.work {
                head.append(("slot", work.slot))
                if let since = work.startedAt { head.append(("running since", LogClock.universal(since.milliseconds))) }
                if let whereabouts = work.whereabouts {
                    let pid = whereabouts.pid.map { ", process \($0)" } ?? ""
                    head.append(("handler", "\(whereabouts.handler), \(whereabouts.standing)\(pid)"))
                }
            }
            dueAt = nil
        }
        backtrace = StoredBacktrace.lines(of: object)
        iteration = jid.isEmpty ? nil : try IterationRecord.read(redis.call(IterationRecord.readCommand(jid)))
    }

    /// For people.
    func page(now: Timestamp) -> String {
        var lines = head
        if let dueAt {
            let wait = dueAt.seconds - now.seconds
            let distance = wait > 0 ? "in \(StatusText.duration(wait))" : "due for \(StatusText.duration(-wait))"
            lines.append(("next run", "\(LogClock.universal(dueAt.milliseconds)), \(distance)"))
        }
        if let object {
            for member in object.members { lines.append(Self.line(member, object)) }
        } else {
            lines.append(("no job", TerminalText.line(String(decoding: payload, as: UTF8.self))))
        }
        if let iteration {
            lines.append(("iteration", "\(iteration.state.executions) runs, \(iteration.state.runtimeSeconds) s"))
            lines.append(("cursor", TerminalText.line(String(decoding: iteration.state.cursor, as: UTF8.self))))
            if let cancelled = iteration.cancelledAt {
                lines.append(("iteration cancelled", LogClock.universal(Int64(cancelled) * 1000)))
            }
        }
        let width = lines.map(\.0.count).max() ?? 0
        let table = lines.map { name, value in
            name + String(repeating: " ", count: width - name.count + 2) + value
        }
        return (table + backtrace.map { "    \(TerminalText.line($0))" }).joined(separator: "\n")
    }

    private static let times = ["created_at", "enqueued_at", "failed_at", "retried_at"]

    private static func line(_ member: JSONMember, _ object: JSONObject) -> (String, String) {
        let name = String(decoding: object.bytes[member.key], as: UTF8.self)
        let raw = String(decoding: object.raw(member), as: UTF8.self)
        let shown = TerminalText.line(name)
        if name == "error_backtrace" { return (shown, "") }
        if times.contains(name), let time = object.timestamp(name) {
            return (shown, LogClock.universal(time.milliseconds))
        }
        return (shown, TerminalText.line(member.kind == .string ? object.string(name) ?? raw : raw))
    }

    /// For programs.
    var text: ObjectText {
        var text = row.text
        if let dueAt { text.add("next_run", number: dueAt.seconds) }
        if !backtrace.isEmpty { text.add("backtrace", texts: backtrace) }
        if let iteration {
            var state = ObjectText()
            state.add("executions", number: Double(iteration.state.executions))
            state.add("cursor", raw: iteration.state.cursor)
            state.add("runtime", number: iteration.state.runtimeSeconds)
            if let cancelled = iteration.cancelledAt { state.add("cancelled", number: Double(cancelled)) }
            text.add("iteration", raw: state.bytes)
        }
        return text
    }
}

/// A backtrace as it is stored with a job.
enum StoredBacktrace {
    /// What a small text can unfold to is bounded; no backtrace is as long.
    private static let mostBytes = 16 << 20

    /// Its lines, innermost first; none if it has none or nobody can read it. Sidekiq stores it compressed, and long ago
    /// stored it as it was.
    static func lines(of object: JSONObject?) -> [String] {
        guard let object, let member = object.member("error_backtrace") else { return [] }
        if member.kind == .array { return object.strings(of: "error_backtrace") ?? [] }
        // Older versions break the text into lines.
        guard let text = object.string("error_backtrace"),
            let packed = Data(base64Encoded: text, options: .ignoreUnknownCharacters),
            let json = Zlib.decompress(Array(packed), atMost: mostBytes),
            let holder = try? JSONObject(scanning: Array("{\"lines\":".utf8) + json + [UInt8(ascii: "}")])
        else { return [] }
        return holder.strings(of: "lines") ?? []
    }
}
