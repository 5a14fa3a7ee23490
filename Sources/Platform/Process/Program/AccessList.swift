import CPosix
import Glibc

/// Who besides the owner may write a file: its group, or whom an access control list names, acl(5).
struct AccessList: Equatable {
    private(set) var users: [UInt32] = []
    private(set) var groups: [UInt32] = []

    /// - Precondition: the mode has the group's right to write, without which a list gives nobody any.
    init(of entry: PathEntry) {
        // 64 entries; whoever has more of them is taken to have none, and its group is asked for.
        var bytes = [UInt8](repeating: 0, count: 4 + 64 * 8)
        let count = lgetxattr(entry.path, "system.posix_acl_access", &bytes, bytes.count)
        guard count > 4 else {
            groups = [entry.facts.group]
            return
        }
        read(Array(bytes[..<count]), owningGroup: entry.facts.group)
    }

    /// - Parameter bytes: as linux/posix_acl_xattr.h has it: a version, then for each entry a tag, rights and a number.
    private mutating func read(_ bytes: [UInt8], owningGroup: UInt32) {
        func number(at offset: Int, bytes count: Int) -> UInt32 {
            (0..<count).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
        }
        var offset = 4
        while offset + 8 <= bytes.count {
            defer { offset += 8 }
            guard number(at: offset + 2, bytes: 2) & 2 != 0 else { continue }
            let id = number(at: offset + 4, bytes: 4)
            switch number(at: offset, bytes: 2) {
            case 0x02: users.append(id)
            case 0x04: groups.append(owningGroup)
            case 0x08: groups.append(id)
            default: break
            }
        }
    }
}
