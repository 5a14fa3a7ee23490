import Yams

/// What makes a text unusable as YAML, and where.
struct YAMLMistake: Error, Equatable {
    let place: Place
    let message: String
}

/// A YAML text as one tree.
///
/// The parser refuses a mapping that has a key twice, names only one such key and stops. All mistakes are to be shown at
/// once, so the first of two equal keys is disguised, by a private-use character in place of its first letter, and the
/// text is read again: no place moves, and `originalName(_:)` undoes the disguise when the mapping is looked at.
struct YAMLDocument {
    /// Nil when the text holds nothing but white space and comments.
    let root: YAMLNode?
    /// Whether keys may be written as Ruby's symbols, with a colon before them: in Sidekiq's file.
    var hasSymbols = false
    private let disguised: [Unicode.Scalar: String]

    /// - Parameter text: without byte order mark or control characters (`ConfigurationFile` sees to it).
    init(composing text: String) throws(YAMLMistake) {
        var scalars = Array(text.unicodeScalars)
        var disguised: [Unicode.Scalar: String] = [:]
        var firstDuplicate: YAMLMistake?
        while true {
            do {
                var text = String.UnicodeScalarView()
                text.append(contentsOf: scalars)
                // The encoding is named because the default one is looked up in the environment, and printed.
                let parser = try Parser(yaml: String(text), resolver: .basic, encoding: .utf8)
                root = try parser.singleRoot().map { YAMLNode($0) }
                self.disguised = disguised
                return
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let place = Place(line: context.mark.line, column: context.mark.column)
                let mistake = YAMLMistake(place: place, message: "duplicate key \(quoted(names.first ?? ""))")
                firstDuplicate = firstDuplicate ?? mistake
                guard let name = names.first, let mask = Self.disguise(&scalars, at: place, number: disguised.count)
                else { throw firstDuplicate ?? mistake }
                disguised[mask] = name
            } catch {
                throw firstDuplicate ?? YAMLSyntax.mistake(error, in: scalars)
            }
        }
    }

    /// The key as the user wrote it, a symbol without its colon.
    func originalName(_ key: String) -> String {
        let name = key.unicodeScalars.first.flatMap { disguised[$0] } ?? key
        return hasSymbols ? SidekiqFile.plainName(name) : name
    }

    /// Replaces the first letter of a key by a private-use character.
    ///
    /// - Returns: the character, or nil if what stands there is not a key that can be disguised (an alias, an anchor).
    private static func disguise(_ text: inout [Unicode.Scalar], at place: Place, number: Int) -> Unicode.Scalar? {
        // 1000 repeated keys are enough to see; the private-use area has 6400 characters.
        guard number < 1000, var offset = YAMLSyntax.offset(of: place, in: text) else { return nil }
        if text[offset] == "\"" || text[offset] == "'" { offset += 1 }
        guard offset < text.count,
            text[offset].properties.isAlphabetic || "_:/0123456789".unicodeScalars.contains(text[offset]),
            let mask = Unicode.Scalar(0xE000 + UInt32(number)), !text.contains(mask)
        else { return nil }
        text[offset] = mask
        return mask
    }
}
