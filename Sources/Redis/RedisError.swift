/// An error reply: the server is there and says no.
package struct RedisRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// The first word, by convention a code in capitals: "OOM", "READONLY", "WRONGTYPE", "ERR".
    package let code: String
    /// The whole reply, code included.
    package let message: String

    package init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// - Parameter reply: the text of an error reply without its leading "-".
    package init(reply: String) {
        code = String(reply.prefix { $0 != " " })
        message = reply
    }

    package var description: String { message }
}

/// What can become of a command.
package enum RedisError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The connection could not be made, or is gone. Whether commands under way were carried out is unknown.
    case lost(String)
    /// No answer in time. The connection was closed: its late answer must not be taken for the next command's.
    case timedOut(doing: String)
    /// The server answered with an error; the command was not carried out and the connection stays usable.
    case refused(RedisRefusal)

    package var description: String {
        switch self {
        case .lost(let reason): reason
        case .timedOut(let doing): "timed out \(doing)"
        case .refused(let refusal): refusal.description
        }
    }

    /// True if the command may or may not have been carried out, so that it must not simply be sent again.
    package var leavesDoubt: Bool {
        if case .refused = self { false } else { true }
    }
}
