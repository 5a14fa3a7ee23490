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
        switch code {
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
}
