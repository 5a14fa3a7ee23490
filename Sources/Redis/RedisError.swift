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
        let words = Self.unwrapped(reply)
        let first = words.prefix { $0 != " " }
        let isCode = first.contains { $0.isUppercase } && !first.contains { $0.isLowercase }
        code = isCode ? String(first) : "ERR"
        message = reply
    }

    /// Redis before 7 puts the place in the script before what went wrong in it, and sometimes a code of its own before that:
    /// "ERR Error running script (call to f_8d): @user_script:12: @user_script: 12: -OOM command not allowed".
    private static func unwrapped(_ reply: String) -> Substring {
        let mark = "@user_script:"
        guard reply.hasPrefix(mark) || reply.contains("Error running script"),
            let place = reply.ranges(of: mark).last
        else { return reply[...] }
        return reply[place.upperBound...].drop { $0.isNumber || $0 == " " || $0 == ":" || $0 == "-" }
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
