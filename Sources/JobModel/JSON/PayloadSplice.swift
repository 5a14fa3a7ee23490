/// Changes top-level members of a payload and leaves every other byte as it was.
package struct PayloadSplice {
    private let object: JSONObject
    private var edits: [(name: String, raw: [UInt8]?)] = []

    package init(_ object: JSONObject) { self.object = object }

    /// Gives a member a value: in place if it exists, else behind the last member.
    ///
    /// Where a name stands twice both get the value, so that every parser reads the same.
    /// - Parameter raw: one JSON value; it is not checked here.
    package mutating func set(_ name: String, to raw: [UInt8]) { edit(name, raw) }

    /// Gives a member a string as its value.
    package mutating func set(_ name: String, toText text: String) { edit(name, JSONText.quote(text)) }

    /// Gives a member an instant as its value, in the form of a version of Sidekiq.
    package mutating func set(_ name: String, to instant: Timestamp, as major: SidekiqMajor) {
        edit(name, Array(instant.literal(as: major).utf8))
    }

    /// Takes a member away, every time it stands there.
    package mutating func remove(_ name: String) { edit(name, nil) }

    private mutating func edit(_ name: String, _ raw: [UInt8]?) {
        edits.removeAll { $0.name.utf8.elementsEqual(name.utf8) }
        edits.append((name, raw))
    }

    /// The changed payload.
    package func bytes() -> [UInt8] {
        let source = object.bytes
        guard !edits.isEmpty else { return source }
        var output: [UInt8] = []
        output.reserveCapacity(source.count + edits.reduce(0) { $0 + $1.name.utf8.count + ($1.raw?.count ?? 0) + 4 })
        var isMet = [Bool](repeating: false, count: edits.count)
        var isEmpty = true
        output += source[..<insideStart]
        for (index, member) in object.members.enumerated() {
            let edit = edits.firstIndex { object.isNamed(member, $0.name) }
            if let edit { isMet[edit] = true }
            if let edit, edits[edit].raw == nil { continue }
            if !isEmpty { output += source[object.members[index - 1].value.upperBound..<member.whole.lowerBound] }
            isEmpty = false
            if let edit, let raw = edits[edit].raw {
                output += source[member.whole.lowerBound..<member.value.lowerBound]
                output += raw
            } else {
                output += source[member.whole]
            }
        }
        for (edit, isMet) in zip(edits, isMet) {
            guard !isMet, let raw = edit.raw else { continue }
            if !isEmpty { output.append(UInt8(ascii: ",")) }
            isEmpty = false
            JSONText.append(quoted: edit.name, to: &output)
            output.append(UInt8(ascii: ":"))
            output += raw
        }
        output += source[insideEnd...]
        return output
    }

    /// Where the first member begins, or could.
    private var insideStart: Int {
        object.members.first?.whole.lowerBound ?? behindBrace
    }

    /// Where the last member ends.
    private var insideEnd: Int { object.members.last?.value.upperBound ?? behindBrace }

    private var behindBrace: Int {
        guard let brace = object.bytes.firstIndex(of: UInt8(ascii: "{")) else {
            preconditionFailure("a scanned object has an opening brace")
        }
        return brace + 1
    }
}
