import Glibc

/// Whose files may be executed: who can change what we run anyway, or may by the operator's word.
package struct TrustedUsers: Sendable, Equatable {
    /// Files that belong to anybody may be executed: nothing is looked at.
    package static let everybody = TrustedUsers(isEverybody: true, numbers: [])

    package let isEverybody: Bool
    let numbers: Set<UInt32>

    private init(isEverybody: Bool, numbers: Set<UInt32>) {
        self.isEverybody = isEverybody
        self.numbers = numbers
    }

    /// Root, this process's user and those given.
    ///
    /// In a user namespace, files of users outside of it look like those of one user (`overflowuid` of user_namespaces(7)).
    /// They can only have been put there from outside, so that one is trusted too.
    package init(_ others: [UInt32]) {
        self.init(isEverybody: false, numbers: Set([0, geteuid()] + others + Self.outsiders))
    }

    private static let outsiders: [UInt32] = {
        guard let map = ProcFile.text("/proc/self/uid_map"),
            map.split(whereSeparator: \.isWhitespace).map(String.init) != ["0", "0", "4294967295"],
            let text = ProcFile.text("/proc/sys/kernel/overflowuid"),
            let number = UInt32(text.filter(\.isNumber))
        else { return [] }
        return [number]
    }()

    /// Whether a user can exchange programs without that being anything new. May ask the name service.
    ///
    /// A number below those that are lent and without an account is nobody who could log in here: a tree that was unpacked, or
    /// mounted into a container. From `firstLent` on, somebody may run as a number without an account.
    func trusts(_ user: UInt32) -> Bool {
        isEverybody || numbers.contains(user) || user < Self.firstLent && Account.isMissing(user)
    }

    /// The numbers systemd lends to services (61184 to 65519, systemd.exec(5)) and those above, of which subuid(5) lends ranges
    /// to containers.
    private static let firstLent: UInt32 = 61_184

    /// Those whom nobody trusts and who could write a file by the rights of its group; nil if there are none. May ask the name
    /// service.
    func strangers(writing entry: PathEntry) -> String? {
        let list = AccessList(of: entry)
        let users = list.users.filter { !trusts($0) }.map(Account.name(of:))
        let all = Set(users + list.groups.flatMap(strangers(inGroup:))).sorted()
        return all.isEmpty ? nil : all.joined(separator: ", ")
    }

    /// None if its members are as good as root on any machine, or nobody else is in it: the group of a user alone, as Debian,
    /// Ubuntu and Fedora make them.
    private func strangers(inGroup number: UInt32) -> [String] {
        guard number != 0 else { return [] }
        let group = Account.group(number)
        if let name = group?.name, Self.asRoot.contains(name) { return [] }
        let members = (group?.members ?? []).filter { name in Account.number(of: name).map { !trusts($0) } ?? false }
        return members + Account.local(withGroup: number).filter { !trusts($0.number) }.map(\.name)
    }

    /// Groups whose members can become root, or may write where root's programs lie (Debian's policy on `staff`).
    private static let asRoot: Set<String> = ["root", "wheel", "sudo", "admin", "staff"]
}
