/// Where state of this host is kept: the embedded Redis's data and socket.
enum StateDirectory {
    /// systemd's `$STATE_DIRECTORY` (the first, if several), else `$XDG_STATE_HOME/martlet`, else `~/.local/state/martlet`.
    ///
    /// - Returns: an absolute path, which need not exist; nil if none of the three is set.
    static func path(_ environment: [String: String]) -> String? {
        func absolute(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        if let first = absolute("STATE_DIRECTORY")?.split(separator: ":").first { return String(first) }
        if let home = absolute("XDG_STATE_HOME") { return home + "/martlet" }
        return absolute("HOME").map { $0 + "/.local/state/martlet" }
    }
}
