/// Durations as the configuration writes them: a number of seconds, or `500ms`, `5s`, `5m`, `2h`, `1d`.
enum DurationText {
    static let units: [(name: String, seconds: Double)] = [
        ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1), ("ms", 0.001),
    ]

    /// Reads seconds; decimal fractions are allowed (`1.5h`), signs are not.
    static func seconds(_ text: String) throws(Mistake) -> Double {
        let (number, unit) = try Quantity.split(text, expecting: "a duration such as 30, 500ms, 5s, 5m, 2h or 1d")
        if unit.isEmpty { return number }
        guard let known = units.first(where: { $0.name == unit }) else {
            throw Mistake("has the unknown unit \(quoted(unit)) in \(quoted(text)); units are ms, s, m, h and d")
        }
        return number * known.seconds
    }

    /// The shortest way to write a number of seconds: 86400 is `1d`, 0.1 is `100ms`.
    static func text(seconds: Double) -> String {
        for unit in units where seconds >= unit.seconds && seconds.truncatingRemainder(dividingBy: unit.seconds) == 0 {
            return "\(Int(seconds / unit.seconds))\(unit.name)"
        }
        return seconds == 0 ? "0s" : "\(Int((seconds * 1000).rounded()))ms"
    }
}

/// Sizes as the configuration writes them: bytes, or `64KB`, `512MB`, `2GB` in powers of 1024.
enum SizeText {
    static let units: [(name: String, bytes: Int)] = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)]

    /// Reads bytes; a fraction is rounded down to whole bytes.
    static func bytes(_ text: String) throws(Mistake) -> Int {
        let (number, unit) = try Quantity.split(text, expecting: "a size such as 1048576, 64KB, 512MB or 2GB")
        var factor = 1
        if !unit.isEmpty {
            guard let known = units.first(where: { $0.name == unit }) else {
                let near = unit.uppercased().first.flatMap { letter in units.first { $0.name.first == letter } }
                let advice = near.map { "; did you mean \($0.name)?" } ?? ""
                throw Mistake(
                    "has the unknown unit \(quoted(unit)) in \(quoted(text)); units are KB, MB and GB\(advice)")
            }
            factor = known.bytes
        }
        let bytes = number * Double(factor)
        // 2^53: beyond it a Double no longer holds every whole number, and no machine has the memory.
        guard bytes < 9_007_199_254_740_992 else { throw Mistake("is too large: \(quoted(text))") }
        return Int(bytes)
    }

    /// The shortest exact way to write a number of bytes.
    static func text(bytes: Int) -> String {
        for unit in units where bytes >= unit.bytes && bytes % unit.bytes == 0 {
            return "\(bytes / unit.bytes)\(unit.name)"
        }
        return "\(bytes)"
    }
}

/// A number followed by an optional unit.
enum Quantity {
    static func split(_ text: String, expecting: String) throws(Mistake) -> (number: Double, unit: String) {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
        let unit = text.dropFirst(digits.count)
        let number = digits.filter { $0 != "_" }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        let isNumber = (1...2).contains(parts.count) && parts.allSatisfy { !$0.isEmpty }
        let isUnit = unit.allSatisfy { $0.isASCII && $0.isLetter }
        guard isNumber, isUnit, let value = Double(number), value.isFinite else {
            throw Mistake("must be \(expecting), not \(quoted(text))")
        }
        return (value, String(unit))
    }

    /// Reads a whole decimal number; underscores may part digits as YAML allows (`10_000`).
    ///
    /// - Returns: nil for anything else: fractions, other bases, and a leading zero, which YAML 1.1 reads as octal.
    static func integer(_ text: String) -> Int? {
        var digits = text[...]
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits.removeFirst() }
        guard let first = digits.first, first.isASCII, first.isNumber, digits.last != "_" else { return nil }
        let plain = digits.filter { $0 != "_" }
        guard plain.allSatisfy({ $0.isASCII && $0.isNumber }), first != "0" || plain.count == 1 else { return nil }
        return Int((isNegative ? "-" : "") + plain)
    }
}
