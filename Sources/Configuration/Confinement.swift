/// What a handler's processes are besides their program: whose, how urgent, how walled in.
package struct Confinement: Codable, Equatable, Sendable {
    /// Nil for the user's own.
    package var group: String?
    /// Nil for that of the daemon.
    package var umask: Int?
    /// -20 to 19; nil for the daemon's.
    package var nice: Int?

    package init() {}
}
