/// The name of a job class that a handler is to be written for.
struct StarterName: Equatable {
    /// As it was given: `Reports::Daily`.
    let text: String
    /// Of its files and its handler, with `job` at the end, so that none hides a module of the language: `reports_daily_job`.
    let stem: String
    /// What must be there before the class can be: `Reports` of `Reports::Daily::Sum`, then `Reports::Daily`.
    let modules: [String]

    /// - Throws: what is wrong with the name, in words that follow it.
    init(_ text: String, in language: StarterLanguage) throws(StarterNameMistake) {
        let parts = Self.parts(of: text)
        guard text.utf8.count <= 60, !parts.isEmpty, parts.allSatisfy(Self.isWord) else {
            throw StarterNameMistake(
                text:
                    "is no name of a class: letters, digits and `_`, a letter first, with `::` between its parts, at most 60 "
                    + "in all, as in ReportJob or Reports::Daily")
        }
        // In Ruby it is a constant, and in the shell no command is called so.
        let capitals = language == .ruby ? parts[...] : language == .shell ? parts.prefix(1) : []
        if let small = capitals.first(where: { !($0.first?.isUppercase ?? false) }) {
            throw StarterNameMistake(
                text: "must begin with a capital letter in \(language.rawValue), `\(small)` does not")
        }
        self.text = text
        modules = parts.indices.dropFirst().map { parts[..<$0].joined(separator: "::") }
        let words = parts.map(Self.words).joined(separator: "_")
        stem = words == "job" || words.hasSuffix("_job") ? words : words + "_job"
    }

    /// What stands between pairs of colons.
    private static func parts(of text: String) -> [String] {
        text.replacing("::", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private static func isWord(_ part: String) -> Bool {
        let isMade = part.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
        }
        return isMade && part.first?.isLetter ?? false
    }

    /// `HTTPReport2Job` as `http_report2_job`.
    private static func words(_ part: String) -> String {
        let letters = Array(part)
        var words = ""
        for (index, letter) in letters.enumerated() {
            let before = index > 0 ? letters[index - 1] : "_"
            let startsWord =
                letter.isUppercase && before != "_"
                && (!before.isUppercase || index + 1 < letters.count && letters[index + 1].isLowercase)
            words += (startsWord ? "_" : "") + letter.lowercased()
        }
        return words
    }
}

/// What is wrong with a name, in words that follow it.
struct StarterNameMistake: Error {
    let text: String
}
