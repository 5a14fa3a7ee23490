import Glibc

/// Whom a process runs as: credentials(7).
package struct Credentials: Sendable, Equatable {
    package let user: String
    package let uid: UInt32
    package let gid: UInt32
    /// Every group, the primary one included.
    package let groups: [UInt32]
    /// The home directory of the account.
    package let home: String

    package init(user: String, uid: UInt32, gid: UInt32, groups: [UInt32], home: String) {
        self.user = user
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.home = home
    }

    /// Looks an account up, in /etc/passwd or wherever the system keeps them: getpwnam_r(3), getgrouplist(3).
    ///
    /// May ask the network. Nil if there is no such account.
    package static func named(_ user: String) throws(SystemError) -> Credentials? {
        guard let account = try account("look up the user \(user)", { getpwnam_r(user, $0, $1, $2, $3) }) else {
            return nil
        }
        return Credentials(
            user: user, uid: account.uid, gid: account.gid, groups: groups(of: user, gid: account.gid),
            home: account.home)
    }

    /// Those of this process, by its effective numbers. An account without a name goes by its number.
    package static func current() -> Credentials {
        let uid = geteuid()
        // A number without an account is nothing unusual in a container.
        let account = try? account("look up the user \(uid)", { getpwuid_r(uid, $0, $1, $2, $3) })
        var groups = [gid_t](repeating: 0, count: Int(max(getgroups(0, nil), 0)))
        let count = getgroups(Int32(groups.count), &groups)
        groups.removeLast(groups.count - Int(max(count, 0)))
        return Credentials(
            user: account?.user ?? String(uid), uid: uid, gid: getegid(), groups: groups, home: account?.home ?? "/")
    }

    /// The same user with another group in place of its own; those it belongs to besides stay.
    package func with(gid: UInt32) -> Credentials {
        Credentials(
            user: user, uid: uid, gid: gid, groups: [gid] + groups.filter { $0 != gid && $0 != self.gid }, home: home)
    }

    /// The number of a group: getgrnam_r(3). May ask the network. Nil if there is no such group.
    package static func group(named name: String) throws(SystemError) -> UInt32? {
        var size = 1024
        while true {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            var entry = Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            let error = getgrnam_r(name, &entry, buffer, size, &found)
            // As with accounts below; a group with thousands of members is longer than any account.
            if error == ERANGE, size < 16 << 20 {
                size *= 2
            } else if error == EINTR {
                continue
            } else if let found {
                return found.pointee.gr_gid
            } else if error == 0 || error == ENOENT || error == ESRCH {
                return nil
            } else {
                throw SystemError(code: error, doing: "look up the group \(name)")
            }
        }
    }

    private struct Account {
        let user: String
        let uid: UInt32
        let gid: UInt32
        let home: String
    }

    private typealias LookUp = (
        UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
        UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32

    private static func account(_ doing: String, _ lookUp: LookUp) throws(SystemError) -> Account? {
        var size = 1024
        while true {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let error = lookUp(&entry, buffer, size, &found)
            // 1 MiB: no sane entry is longer, and a broken name service must not eat the memory.
            if error == ERANGE, size < 1 << 20 {
                size *= 2
            } else if error == EINTR {
                continue
            } else if let found, let name = found.pointee.pw_name, let home = found.pointee.pw_dir {
                let entry = found.pointee
                return Account(
                    user: String(cString: name), uid: entry.pw_uid, gid: entry.pw_gid, home: String(cString: home))
            } else if error == 0 || error == ENOENT || error == ESRCH {
                return nil  // getpwnam(3) lists what "not found" may look like.
            } else {
                throw SystemError(code: error, doing: doing)
            }
        }
    }

    private static func groups(of user: String, gid: UInt32) -> [UInt32] {
        var groups = [gid_t](repeating: 0, count: 64)
        while true {
            var count = Int32(groups.count)
            if getgrouplist(user, gid, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
            // The call says how many there are; at least one more, so that a changing answer ends too.
            groups = [gid_t](repeating: 0, count: max(Int(count), groups.count + 1))
        }
    }
}
