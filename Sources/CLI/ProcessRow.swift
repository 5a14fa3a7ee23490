import JobModel
import Platform
import Queueing

/// A worker process: for people a row or a page, for programs an object; docs/reference/cli.md lists the members.
struct ProcessRow {
    private let process: ProcessState
    private let isLeader: Bool

    init(_ process: ProcessState, _ roster: ProcessRoster) {
        self.process = process
        isLeader = process.identity == roster.leader
    }

    static let columns = ["PROCESS", "TAG", "VERSION", " BUSY", " SLOTS", " MEMORY", " UP", " BEAT", "STATE", "QUEUES"]

    func cells(now: Timestamp) -> [String] {
        [
            TerminalText.cell(process.identity, atMost: 200), TerminalText.cell(process.tag),
            TerminalText.cell(process.version), String(process.busy), String(process.concurrency),
            "\((process.residentKB + 512) / 1024) MB", Self.span(process.startedAt, now),
            Self.span(process.lastBeat, now),
            state, TerminalText.cell(StatusText.queues(of: process)),
        ]
    }

    /// "running", "quiet, leader"
    private var state: String { (process.isQuiet ? "quiet" : "running") + (isLeader ? ", leader" : "") }

    private static func span(_ since: Timestamp?, _ now: Timestamp) -> String {
        since.map { StatusText.duration(now.seconds - $0.seconds) } ?? "-"
    }

    func page(now: Timestamp) -> String {
        var lines = [
            ("process", process.identity), ("host", process.hostname), ("pid", String(process.pid)),
            ("tag", process.tag), ("labels", process.labels.joined(separator: " ")), ("version", process.version),
            ("state", state), ("busy", "\(process.busy) of \(process.concurrency)"),
            ("memory", "\(process.residentKB) KB"), ("started", time(process.startedAt, now)),
            ("last beat", time(process.lastBeat, now)), ("queues", StatusText.queues(of: process)),
        ]
        if let hold = process.hold { lines.append(("held", hold)) }
        if let failing = process.failingStarts { lines.append(("not starting", failing)) }
        return lines.map { name, value in
            name + String(repeating: " ", count: 14 - name.count) + (value.isEmpty ? "-" : TerminalText.line(value))
        }.joined(separator: "\n")
    }

    private func time(_ time: Timestamp?, _ now: Timestamp) -> String {
        time.map { "\(LogClock.universal($0.milliseconds)), \(Self.span($0, now)) ago" } ?? "-"
    }

    var text: ObjectText {
        var text = ObjectText()
        text.add("identity", text: process.identity)
        text.add("hostname", text: process.hostname)
        text.add("pid", number: Double(process.pid))
        text.add("tag", text: process.tag)
        text.add("labels", texts: process.labels)
        text.add("version", text: process.version)
        text.add("queues", texts: process.queues)
        if process.capsules.count > 1 { text.add("capsules", list: process.capsules.map { Self.text($0).bytes }) }
        text.add("concurrency", number: Double(process.concurrency))
        text.add("busy", number: Double(process.busy))
        text.add("rss_kb", number: Double(process.residentKB))
        if let startedAt = process.startedAt { text.add("started_at", number: startedAt.seconds) }
        if let beat = process.lastBeat { text.add("beat", number: beat.seconds) }
        text.add("quiet", flag: process.isQuiet)
        text.add("leader", flag: isLeader)
        return text
    }
}

extension ProcessRow {
    private static func text(_ capsule: CapsuleState) -> ObjectText {
        var text = ObjectText()
        text.add("name", text: capsule.name)
        text.add("concurrency", number: Double(capsule.concurrency))
        text.add("mode", text: capsule.mode)
        text.add("queues", texts: capsule.queues)
        return text
    }
}

extension ProcessRoster {
    /// Those that are meant by some names, each once, in their order.
    ///
    /// - Throws: status 65, after it has said which name means none or several.
    func processes(named names: [String]) throws -> [ProcessState] {
        var found: [ProcessState] = []
        var isWhole = true
        for name in names {
            let meant = matches(name)
            if meant.count == 1 {
                if !found.contains(where: { $0.identity == meant[0].identity }) { found.append(meant[0]) }
                continue
            }
            isWhole = false
            let words =
                meant.isEmpty
                ? "no process is called \(name)"
                : "\(name) may be \(meant.map(\.identity).joined(separator: " or ")); say more of it"
            Output.error("martlet: \(words)")
        }
        guard isWhole else { throw Exit.badData }
        return found
    }
}
