import Glibc
import Platform

/// What of a handler's rights this process can give.
extension HandlerProof {
    /// Whether somebody could exchange the program whom nobody has to trust.
    static func trust(_ handler: HandlerSettings, effectiveUser: UInt32) -> Mistake? {
        // A user who does not exist is told elsewhere.
        let user = handler.user.flatMap { (try? Credentials.named($0))??.uid } ?? effectiveUser
        return ProgramCheck(of: handler, runsAs: user).objection().map {
            Mistake("names \(quoted(handler.executable, limit: Int(PATH_MAX))), which is refused: \($0)")
        }
    }

    static func user(_ name: String, effectiveUser: UInt32) -> Mistake? {
        var entry = passwd()
        var result: UnsafeMutablePointer<passwd>?
        // Entries that come from a directory service can be long; glibc suggests 1024.
        var buffer = [CChar](repeating: 0, count: 65_536)
        let code = getpwnam_r(name, &entry, &buffer, buffer.count, &result)
        guard result != nil else { return unknown(name, code) }
        guard effectiveUser == 0 || entry.pw_uid == effectiveUser else {
            return Mistake(
                "names \(quoted(name)), but only root can become another user; start Martlet as root or remove it")
        }
        return nil
    }

    static func group(_ name: String, effectiveUser: UInt32) -> Mistake? {
        var entry = Glibc.group()
        var result: UnsafeMutablePointer<Glibc.group>?
        // A group lists its members: 1 MiB is some ten thousand.
        var buffer = [CChar](repeating: 0, count: 1 << 20)
        let code = getgrnam_r(name, &entry, &buffer, buffer.count, &result)
        guard result != nil else { return unknown(name, code) }
        guard effectiveUser == 0 || entry.gr_gid == getegid() else {
            return Mistake(
                "names \(quoted(name)), but only root can become another group; start Martlet as root or remove it")
        }
        return nil
    }

    private static func unknown(_ name: String, _ code: Int32) -> Mistake {
        // getpwnam(3): several errors mean no more than "not found".
        let isUnknown = [0, ENOENT, ESRCH, EBADF, EPERM].contains(code)
        let reason = isUnknown ? "who does not exist" : "who cannot be looked up: \(String(cString: strerror(code)))"
        return Mistake("names \(quoted(name)), \(reason)")
    }

    /// What setpriority(2) would say.
    static func nice(_ value: Int, effectiveUser: UInt32) -> Mistake? {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(__RLIMIT_NICE.rawValue), &limit)
        let lowest = min(
            Int(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)), 20 - Int(min(limit.rlim_cur, 40)))
        guard effectiveUser != 0, value < lowest, !mayRaisePriorities else { return nil }
        return Mistake(
            "is \(value), which is before the \(lowest) that Martlet may have; that takes root or CAP_SYS_NICE "
                + "(systemd: AmbientCapabilities=CAP_SYS_NICE), or LimitNICE=")
    }

    /// CAP_SYS_NICE of capabilities(7), in the effective set.
    private static var mayRaisePriorities: Bool {
        guard let file = fopen("/proc/self/status", "re") else { return false }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasPrefix("CapEff:") else { continue }
            let digits = text.dropFirst(7).filter { $0.isHexDigit }
            return (UInt64(digits, radix: 16) ?? 0) >> 23 & 1 == 1
        }
        return false
    }
}
