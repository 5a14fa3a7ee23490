import Platform

/// Who gives a command, for those who read later what it did.
enum Operator {
    /// "alice@web1"; with sudo whoever called that, as "alice (root)@web1".
    static var name: String {
        let user = Credentials.current().user
        let caller = ConfigurationOptions.environment()["SUDO_USER"] ?? ""
        let who = caller.isEmpty || caller == user ? user : "\(caller) (\(user))"
        return "\(who)@\(ProcessIdentity.hostName)"
    }
}
