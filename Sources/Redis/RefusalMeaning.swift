extension RedisRefusal {
    /// What an error reply asks of whoever gets it. Whatever it is, the command was not carried out.
    package enum Meaning: Equatable, Sendable {
        /// This server is, or has become, a replica, or lost its master: close every connection and look for the master.
        case elsewhere
        /// The server cannot for now: it loads, is busy with a script, cannot save, is full. Come back later.
        case later
        /// It does not let us: password, rights, too many clients. Only an operator changes that, so ask seldom.
        case barred
        /// It is about this command and its keys; everything else goes on. Never ask again at once.
        case command
    }

    package var meaning: Meaning {
        switch root {
        case "READONLY", "UNBLOCKED", "MASTERDOWN": .elsewhere
        case "LOADING", "BUSY", "MISCONF", "NOREPLICAS", "OOM", "CLUSTERDOWN", "TRYAGAIN": .later
        case "NOAUTH", "WRONGPASS", "NOPERM", "NOPROTO": .barred
        case "ERR" where Self.bars.contains { message.contains($0) }: .barred
        default: .command
        }
    }

    private static let bars = [
        "max number of clients reached", "invalid password", "The user executing the script", "ACL failure in script",
    ]

    /// The code a script failed by: Redis before 7 wraps it in one of its own, "ERR Error running script (call to …)".
    private var root: String {
        guard code == "ERR", message.contains("Error running script") else { return code }
        let words = message.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.first { Self.wrapped.contains(String($0)) }.map(String.init) ?? code
    }

    private static let wrapped: Set<String> = [
        "READONLY", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "WRONGTYPE", "NOPERM",
    ]
}
