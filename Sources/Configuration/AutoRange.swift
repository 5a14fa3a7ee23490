import Glibc

/// Bounds within which a number is chosen by measurement: what `auto` stands for.
package struct AutoRange: Codable, Equatable, Sendable {
    package var minimum: Int
    package var maximum: Int
    /// Where it begins, within the bounds.
    package var start: Int

    package init(minimum: Int, maximum: Int, start: Int) {
        self.minimum = minimum
        self.maximum = maximum
        self.start = start
    }

    /// Slots of a worker, if nothing else is said.
    package static let concurrency = AutoRange(minimum: 5, maximum: 128, start: 10)

    /// Workers of this host, if nothing else is said: up to one for each core.
    package static let processes = AutoRange(
        minimum: 1, maximum: max(1, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 512)), start: 1)
}

/// A number, or the bounds of one.
enum AutoNumber: Equatable {
    case fixed(Int)
    case auto(AutoRange)

    /// The most it can be.
    var most: Int {
        switch self {
        case .fixed(let number): number
        case .auto(let range): range.maximum
        }
    }

    var range: AutoRange? {
        guard case .auto(let range) = self else { return nil }
        return range
    }
}

extension SchemaKey {
    /// - Parameter range: what `auto` stands for.
    /// - Precondition: the key's kind is `automatic`.
    func automatic(_ text: String, range: AutoRange) throws(Mistake) -> AutoNumber {
        guard case .automatic(let allowed) = kind else { preconditionFailure("\(path) cannot be auto") }
        if text == "auto" { return .auto(range) }
        guard let number = Quantity.integer(text), allowed.contains(number) else { throw refusal(of: text) }
        return .fixed(number)
    }
}

extension SettingsDecoder {
    mutating func concurrency(in section: Section) -> AutoNumber {
        let keys = (Schema.concurrencyMinimum, Schema.concurrencyMaximum, Schema.concurrencyStart)
        if let range = range(Schema.concurrency, in: section, keys, usually: .concurrency) { return .auto(range) }
        return diagnosis.valueOrDefault(Schema.concurrency, in: section) { text throws(Mistake) in
            try Schema.concurrency.automatic(text, range: .concurrency)
        }
    }

    mutating func processes(in section: Section) -> AutoNumber {
        let keys = (Schema.processesMinimum, Schema.processesMaximum, nil as SchemaKey?)
        if let range = range(Schema.processes, in: section, keys, usually: .processes) { return .auto(range) }
        return diagnosis.valueOrDefault(Schema.processes, in: section) { text throws(Mistake) in
            try Schema.processes.automatic(text, range: .processes)
        }
    }

    /// The bounds a mapping gives; nil where there is none. What it leaves out is as usual, or the next that fits.
    private mutating func range(
        _ key: SchemaKey, in section: Section, _ keys: (minimum: SchemaKey, maximum: SchemaKey, start: SchemaKey?),
        usually usual: AutoRange
    ) -> AutoRange? {
        guard let value = section[key.name]?.value, case .mapping = value.content,
            let mapping = subsection(key, in: section)
        else { return nil }
        diagnosis.reportUnknownKeys(in: mapping, known: [keys.minimum, keys.maximum] + (keys.start.map { [$0] } ?? []))
        let least = diagnosis.value(keys.minimum, in: mapping, keys.minimum.integer)
        let most = diagnosis.value(keys.maximum, in: mapping, keys.maximum.integer)
        let minimum = least ?? min(usual.minimum, most ?? usual.minimum)
        let maximum = most ?? max(usual.maximum, minimum)
        guard minimum <= maximum else {
            diagnosis.report(value.place, "`\(key.path)` has a `min` of \(minimum) above its `max` of \(maximum)")
            return usual
        }
        let usualStart = max(minimum, min(usual.start, maximum))
        guard let startKey = keys.start, let start = diagnosis.value(startKey, in: mapping, startKey.integer) else {
            return AutoRange(minimum: minimum, maximum: maximum, start: usualStart)
        }
        if !(minimum...maximum).contains(start) {
            diagnosis.report(
                value.place, "`\(key.path)` has a `start` of \(start), which is not from \(minimum) to \(maximum)")
        }
        return AutoRange(minimum: minimum, maximum: maximum, start: start)
    }
}
