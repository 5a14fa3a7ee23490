import Foundation
import TestSupport

/// One row of the table: a program of Tests/EvilHandlers, and what is to become of its job in each mode.
struct Misdeed: Sendable, CustomStringConvertible {
    /// H1 and so on: the rows of docs/explanation/misbehaving-handlers.md.
    let row: String
    /// "NAME.sh", with arguments.
    let command: [String]
    let payloadBytes: Int
    let spawn: End
    let serve: End

    /// What becomes of the job.
    enum End: Sendable {
        case done
        /// Its error, and what is in its message.
        case failed(_ errorClass: String, _ message: String)
    }

    init(_ row: String, _ command: String, payloadBytes: Int = 0, spawn: End, serve: End) {
        self.row = row
        self.command = command.split(separator: " ").map(String.init)
        self.payloadBytes = payloadBytes
        self.spawn = spawn
        self.serve = serve
    }

    init(_ row: String, _ command: String, payloadBytes: Int = 0, both: End) {
        self.init(row, command, payloadBytes: payloadBytes, spawn: both, serve: both)
    }

    /// "ignores-term.sh", and the arguments.
    var description: String { command.joined(separator: " ") }

    /// A class and a handler of its own: "IgnoresTerm0".
    func name(_ index: Int) -> String {
        command[0].prefix { $0 != "." }.split(separator: "-").map(\.capitalized).joined() + String(index)
    }

    /// The seconds those may take that are to be ended, and those between SIGTERM and SIGKILL.
    static let timeoutSeconds = 1.5
    static let graceSeconds = 0.5
    private static let timeout = End.failed("Timeout", "exceeded 1500ms")

    /// Those that end by themselves get the time they need on a busy machine.
    func timeoutSeconds(in mode: String) -> Double {
        if case .failed("Timeout", _) = end(in: mode) { Self.timeoutSeconds } else { 60 }
    }

    func end(in mode: String) -> End { mode == "spawn" ? spawn : serve }

    /// What H1 to H6, H12 and H13 do, one line each.
    static let all: [Misdeed] = [
        Misdeed("H1", "ignores-term.sh", both: timeout),
        Misdeed("H2", "never-reads.sh", payloadBytes: 1 << 20, both: timeout),
        Misdeed(
            "H3", "leaves-unread.sh", payloadBytes: 1 << 20, spawn: .done,
            serve: .failed("HandlerDied", "end without reading")),
        Misdeed("H4", "long-line.sh", both: .done),
        Misdeed("H5", "closes-output.sh", both: .done),
        Misdeed("H5", "writes-on.sh", both: .done),
        Misdeed("H6", "leaves-holder.sh", both: timeout),
        Misdeed("H12", "says-nothing.sh", spawn: .done, serve: .failed("HandlerDied", "exit status 0")),
        Misdeed("H12", "half-answer.sh", spawn: protocolError, serve: .failed("HandlerDied", "exit status 0")),
        Misdeed("H12", "speaks-nonsense.sh", both: .failed("ProtocolError", "not a JSON object: hello there")),
        Misdeed(
            "H12", "answers-twice.sh", spawn: .failed("ProtocolError", "two verdicts"),
            serve: .failed("ProtocolError", "twice")),
        Misdeed(
            "H12", "answers-another.sh", spawn: .done, serve: .failed("ProtocolError", "which it is not running")),
        Misdeed("H12", "says-ready.sh", both: .failed("ProtocolError", "`ready`")),
        Misdeed("H12", "endless-answer.sh", both: .failed("ProtocolError", "longer than 1 MiB")),
        Misdeed("H13", "stops-itself.sh", both: timeout),
    ]

    private static let protocolError = End.failed("ProtocolError", "not a JSON object")
}
