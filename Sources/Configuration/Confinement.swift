/// What a handler's processes are besides their program: whose, how urgent, how walled in.
package struct Confinement: Codable, Equatable, Sendable {
    /// In what order a disk serves them.
    package enum IOPriority: Codable, Equatable, Sendable {
        /// After all others.
        case idle
        /// 0 (first) to 7 (last).
        case bestEffort(Int)
    }

    /// Nil for the user's own.
    package var group: String?
    /// Nil for that of the daemon.
    package var umask: Int?
    /// -20 to 19; nil for the daemon's.
    package var nice: Int?
    /// Nil for the daemon's.
    package var ioPriority: IOPriority?

    /// Each process has a directory for temporary files of its own.
    package var privateTmp = false
    /// Users, by name or number, besides root, Martlet's and the handler's own, to whom the program may belong; `*` for all.
    package var trust: [String] = []
    /// Bytes of a run's output that are logged.
    package var output = 256 << 10
    /// Who wrote the configuration, and so may say what is executed anyway; nil if it came from no file.
    package var author: UInt32?

    package init() {}
}
