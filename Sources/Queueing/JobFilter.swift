package import JobModel

/// Which jobs of a place are meant. What is not said does not matter.
package struct JobFilter: Sendable {
    /// Of `class`, `wrapped` or `display_class`; an ending `*` stands for any text, as in the configuration.
    package var jobClass: String?
    /// Of the error's class, likewise.
    package var error: String?
    /// One of its tags.
    package var tag: String?
    /// In its raw JSON, byte by byte.
    package var text: String?
    /// Of `JobEntry.time`.
    package var since: Timestamp?
    package var until: Timestamp?
    /// Of `JobEntry.since`: those that have been there since before.
    package var before: Timestamp?

    package init(
        jobClass: String? = nil, error: String? = nil, tag: String? = nil, text: String? = nil, since: Timestamp? = nil,
        until: Timestamp? = nil, before: Timestamp? = nil
    ) {
        self.jobClass = jobClass
        self.error = error
        self.tag = tag
        self.text = text
        self.since = since
        self.until = until
        self.before = before
    }

    package var isEmpty: Bool { word == nil && since == nil && until == nil && before == nil }

    /// What all that are meant hold somewhere in their raw JSON, so that Redis need not hand out the others; nil if there is no
    /// such text. A job whose producer wrote it with needless escapes is passed over.
    package var word: String? {
        let names = [jobClass.map(Self.stem), error.map(Self.stem), tag].compactMap { $0.map(JobFilter.inJSON) }
        return ([text].compactMap { $0 } + names).filter { !$0.isEmpty }.max { $0.utf8.count < $1.utf8.count }
    }

    package func takes(_ entry: JobEntry) -> Bool {
        if let text, !entry.payload.contains(Array(text.utf8)) { return false }
        if let since, (entry.time ?? .distantPast) < since { return false }
        if let until, (entry.time ?? .distantFuture) > until { return false }
        if let before, (entry.since ?? .distantFuture) > before { return false }
        guard jobClass != nil || error != nil || tag != nil else { return true }
        guard let object = entry.object else { return false }
        if let jobClass {
            let names = ["class", "wrapped", "display_class"].compactMap { object.string($0) }
            guard names.contains(where: { Self.matches($0, jobClass) }) else { return false }
        }
        if let error, !Self.matches(object.string("error_class") ?? "", error) { return false }
        if let tag, object.strings(of: "tags")?.contains(where: { $0.utf8.elementsEqual(tag.utf8) }) != true {
            return false
        }
        return true
    }

    /// A text as it stands inside of JSON.
    static func inJSON(_ text: String) -> String {
        String(decoding: JSONText.quote(text).dropFirst().dropLast(), as: UTF8.self)
    }

    private static func stem(_ pattern: String) -> String {
        pattern.hasSuffix("*") ? String(pattern.dropLast()) : pattern
    }

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        pattern.hasSuffix("*")
            ? name.utf8.starts(with: stem(pattern).utf8) : name.utf8.elementsEqual(pattern.utf8)
    }
}

extension Timestamp {
    fileprivate static let distantPast = Timestamp(milliseconds: .min)
    fileprivate static let distantFuture = Timestamp(milliseconds: .max)
}
