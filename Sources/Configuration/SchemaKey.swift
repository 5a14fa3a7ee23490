/// One key of the configuration: where it stands, what it may hold, what holds without it, and what it is for.
package struct SchemaKey: Sendable, Equatable {
    /// Dotted; `NAME` stands for a name of the user's: `handlers.NAME.command`.
    package let path: String
    package let kind: Kind
    package let absence: Absence
    /// Sentences for the reference page.
    package let help: String
    /// Values that a later version will take; until then they are refused by name.
    package let announced: [String]

    /// What a key may hold.
    package enum Kind: Sendable, Equatable {
        case integer(ClosedRange<Int>)
        /// A number, `auto`, or a mapping of bounds.
        case automatic(ClosedRange<Int>)
        /// A number, or a mapping of `min` and `max`.
        case bounds(ClosedRange<Int>)
        /// Seconds.
        case duration(ClosedRange<Double>)
        /// Bytes.
        case size(ClosedRange<Int>)
        /// A part of 1, written as a percentage.
        case share(ClosedRange<Double>)
        case word([String])
        case malloc
        /// Octal digits.
        case mask
        case ioPriority
        case boolean
        case text
        case texts
        case path
        case redis
        case queues
        case command
        case patterns
        /// Texts with places for values of a job.
        case templates
        /// Exit statuses.
        case statuses
        case environment
        /// Pools and numbers.
        case connections
        /// A mapping with keys of its own.
        case section
    }

    /// What holds when the key is absent.
    package enum Absence: Sendable, Equatable {
        /// As if this had been written.
        case value(String)
        /// What that means, in words.
        case meaning(String)
        /// Absence is a mistake.
        case required
    }

    init(_ path: String, _ kind: Kind, _ absence: Absence, announced: [String] = [], _ help: String) {
        self.path = path
        self.kind = kind
        self.absence = absence
        self.announced = announced
        self.help = help
    }

    /// The last part of the path: the word that stands in the file.
    package var name: String { path.split(separator: ".").last.map(String.init) ?? path }

    /// What messages and the reference page say the key takes, after "must be".
    package var expectation: String {
        switch kind {
        case .integer(let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .automatic(let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound), the word `auto`, or bounds such as "
                + "{ min: 2, max: 20 }"
        case .bounds(let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound), or bounds such as { min: 2, max: 6 }"
        case .duration(let range):
            "a duration from \(DurationText.text(seconds: range.lowerBound)) to "
                + "\(DurationText.text(seconds: range.upperBound)), such as 500ms, 5s, 5m, 2h or 1d"
        case .size(let range):
            "a size from \(SizeText.text(bytes: range.lowerBound)) to \(SizeText.text(bytes: range.upperBound)), "
                + "such as 64KB, 512MB or 2GB"
        case .share(let range):
            "a percentage from \(ShareText.text(share: range.lowerBound)) to "
                + "\(ShareText.text(share: range.upperBound)), such as 10%"
        case .word(let words): "one of " + words.joined(separator: ", ")
        case .malloc: "`system`, `jemalloc`, or `arenas=N` with N from 1 to 1024"
        case .mask: "up to four octal digits, such as 027"
        case .ioPriority: "`idle`, or a level from 0 (first) to 7 (last)"
        case .boolean: "`true` or `false`"
        case .text: "a text"
        case .texts: "a list of texts, as in [one, two]"
        case .path: "a path"
        case .redis: "a URL such as redis://127.0.0.1:6379/0 or unix:///run/redis.sock, or the word `embedded`"
        case .queues: "a list with one queue a line, `- name` or `- name: weight`"
        case .command: "a list of arguments, as in [/usr/bin/python3, app.py]"
        case .patterns: "a list of class names, as in [ReportJob, \"Reports::*\"]"
        case .templates: "a list of arguments, as in [--user, \"{args.0}\"]"
        case .statuses: "a list of exit statuses from 0 to 255, as in [0, 3]"
        case .environment: "a mapping of names to texts, as in { LANG: C.UTF-8 }"
        case .connections: "a mapping of pools to numbers, as in { postgres: 1 }, or a list of pools, as in [postgres]"
        case .section: "a mapping (`key: value` lines)"
        }
    }
}

/// Values out of texts: the same reading for the file, the environment, the flags and the defaults.
extension SchemaKey {
    /// - Precondition: the key's kind is `integer`.
    func integer(_ text: String) throws(Mistake) -> Int {
        guard case .integer(let range) = kind else { preconditionFailure("\(path) holds no whole number") }
        guard let number = Quantity.integer(text), range.contains(number) else { throw refusal(of: text) }
        return number
    }

    /// Seconds.
    ///
    /// - Precondition: the key's kind is `duration`.
    func duration(_ text: String) throws(Mistake) -> Double {
        guard case .duration(let range) = kind else { preconditionFailure("\(path) holds no duration") }
        guard !text.hasPrefix("-") else { throw refusal(of: text) }
        let seconds = try DurationText.seconds(text)
        guard range.contains(seconds) else { throw refusal(of: text) }
        return seconds
    }

    /// Bytes.
    ///
    /// - Precondition: the key's kind is `size`.
    func size(_ text: String) throws(Mistake) -> Int {
        guard case .size(let range) = kind else { preconditionFailure("\(path) holds no size") }
        let bytes = try SizeText.bytes(text)
        guard range.contains(bytes) else {
            let isBare = text.allSatisfy(\.isNumber)
            throw Mistake(
                refusal(of: text).text + (isBare ? "; a bare number counts bytes: did you mean \(text)MB?" : ""))
        }
        return bytes
    }

    /// A part of 1.
    ///
    /// - Precondition: the key's kind is `share`.
    func share(_ text: String) throws(Mistake) -> Double {
        guard case .share(let range) = kind else { preconditionFailure("\(path) holds no percentage") }
        let share = try ShareText.share(text)
        guard range.contains(share) else { throw refusal(of: text) }
        return share
    }

    /// - Precondition: the key's kind is `malloc`.
    func malloc(_ text: String) throws(Mistake) -> Malloc {
        guard case .malloc = kind else { preconditionFailure("\(path) holds no malloc") }
        guard let malloc = Malloc(text) else { throw refusal(of: text) }
        return malloc
    }

    /// - Precondition: the key's kind is `word`.
    func word(_ text: String) throws(Mistake) -> String {
        guard case .word(let words) = kind else { preconditionFailure("\(path) holds no word") }
        guard !words.contains(text) else { return text }
        let advice = Suggestion.nearest(to: text, among: words).map { "; did you mean `\($0)`?" } ?? ""
        throw Mistake(refusal(of: text).text + advice)
    }

    /// Says that a value does not do, and what would.
    func refusal(of text: String) -> Mistake {
        if announced.contains(text) {
            return Mistake("must be \(expectation); \(quoted(text)) is not supported by this version")
        }
        if text.contains("<%") {
            return Mistake("must be \(expectation); ERB (`<% … %>`) counts in a Sidekiq file only: write the value")
        }
        return Mistake("must be \(expectation), not \(quoted(text))")
    }
}
