import Glibc

/// Questions to the name service about users and groups: getpwnam(3), getgrgid(3). Each may ask the network.
enum Account {
    /// Longer entries are those of groups with thousands of members.
    private static let largest = 1 << 20

    static func number(of name: String) -> UInt32? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        let answer = withBuffer { getpwnam_r(name, &entry, $0, $1, &found) }
        return answer == 0 && found != nil ? entry.pw_uid : nil
    }

    /// The name, or the number where there is no name.
    static func name(of number: UInt32) -> String {
        var entry = passwd()
        var name: String?
        withBuffer { buffer, size in
            var found: UnsafeMutablePointer<passwd>?
            let answer = getpwuid_r(number, &entry, buffer, size, &found)
            name = found?.pointee.pw_name.map { String(cString: $0) }
            return answer
        }
        return name ?? String(number)
    }

    /// Nobody has this number, and the name service is sure of it.
    static func isMissing(_ number: UInt32) -> Bool {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        let answer = withBuffer { getpwuid_r(number, &entry, $0, $1, &found) }
        return found == nil && [0, ENOENT, ESRCH].contains(answer)
    }

    static func group(_ number: UInt32) -> (name: String, members: [String])? {
        var entry = Glibc.group()
        var group: (name: String, members: [String])?
        withBuffer { buffer, size in
            var found: UnsafeMutablePointer<Glibc.group>?
            let answer = getgrgid_r(number, &entry, buffer, size, &found)
            guard let found, let name = found.pointee.gr_name else { return answer }
            var members: [String] = []
            var next = found.pointee.gr_mem
            while let member = next?.pointee {
                members.append(String(cString: member))
                next = next?.advanced(by: 1)
            }
            group = (String(cString: name), members)
            return answer
        }
        return group
    }

    /// The accounts of /etc/passwd whose own group this is. Those of a directory service are too many to ask for.
    static func local(withGroup number: UInt32) -> [(name: String, number: UInt32)] {
        (ProcFile.text("/etc/passwd") ?? "").split(separator: "\n").compactMap { line in
            // name:password:uid:gid:…
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > 3, UInt32(fields[3]) == number, let user = UInt32(fields[2]) else { return nil }
            return (String(fields[0]), user)
        }
    }

    @discardableResult
    private static func withBuffer(_ ask: (UnsafeMutablePointer<CChar>, Int) -> Int32) -> Int32 {
        var size = 4096
        while true {
            let answer = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
                buffer.baseAddress.map { ask($0, size) } ?? ENOMEM
            }
            if answer == ERANGE, size < largest { size *= 4 } else if answer != EINTR { return answer }
        }
    }
}
