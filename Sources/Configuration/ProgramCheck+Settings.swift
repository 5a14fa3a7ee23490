package import Platform

extension ProgramCheck {
    /// The check of a handler's program. Asks the name service for those it trusts.
    ///
    /// - Parameter user: the number of whom it runs as.
    package convenience init(of handler: HandlerSettings, runsAs user: UInt32) {
        let confinement = handler.confinement
        let trusted: TrustedUsers
        if confinement.trust.contains("*") {
            trusted = .everybody
        } else {
            // Who does not exist owns nothing.
            let named = confinement.trust.compactMap { UInt32($0) ?? (try? Credentials.named($0))??.uid }
            trusted = TrustedUsers([user] + (confinement.author.map { [$0] } ?? []) + named)
        }
        self.init(
            path: handler.executable, searchPath: handler.environment["PATH"] ?? ExecutableSearch.path,
            trusted: trusted)
    }
}
