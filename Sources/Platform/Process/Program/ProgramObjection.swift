/// Why a program is not executed: somebody whom nobody has to trust could put another one in its place.
package struct ProgramObjection: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, where, and what to do; follows "it", as in "is refused: …".
    package let description: String

    /// What a path leads to.
    enum Role {
        /// What is executed, or its interpreter.
        case program
        /// What `env` would execute if it were there.
        case candidate
    }

    /// Looks at one thing on the way to a program.
    ///
    /// - Parameters:
    ///   - program: at the way's end.
    ///   - isOpen: something could be made in it that is not there yet, so that it does not matter that it is sticky.
    ///   - strangers: those who could write it by the rights of its group and whom nobody trusts; nil for none.
    init?(
        _ entry: PathEntry, to program: String, as role: Role = .program, isOpen: Bool = false,
        trusts: (UInt32) -> Bool, strangers: (PathEntry) -> String?,
        name: (UInt32) -> String
    ) {
        let facts = entry.facts
        let isEnd = entry.path == program
        let kind = facts.isDirectory ? "the directory " : facts.isLink ? "the link " : ""
        let what = kind + entry.path
        let means =
            switch role {
            case .program: isEnd ? "" : " on the way to \(program)"
            case .candidate: isEnd ? "" : " on the way to \(program), for which env looks first,"
            }
        if !trusts(facts.owner) {
            let owner = name(facts.owner)
            description =
                "\(what)\(means) belongs to \(owner), who could exchange the program; chown root \(entry.path), "
                + "run the handler as that user, or write `trust: [\(owner)]`"
            return
        }
        // A link has all rights and nobody asks for them; in a sticky directory what counts is whose the next entry is.
        if facts.isLink || facts.isSticky && !isOpen { return nil }
        if facts.mode & 0o002 != 0 {
            description =
                "\(what)\(means) can be written by everybody (mode \(Self.octal(facts.mode))); chmod o-w \(entry.path)"
            return
        }
        guard facts.mode & 0o020 != 0, let strangers = strangers(entry) else { return nil }
        description =
            "\(what)\(means) can be written by its group, so by \(strangers) (mode \(Self.octal(facts.mode))); "
            + "chmod g-w \(entry.path), or write `trust: [\(strangers)]`"
    }

    init(_ text: String) { description = text }

    private static func octal(_ mode: UInt32) -> String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
