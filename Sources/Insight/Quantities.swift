/// Numbers as sentences show them.
package enum Quantities {
    /// 0.034 is "3.4 %", 0.34 is "34 %".
    package static func percent(_ share: Double) -> String {
        let percent = share * 100
        return abs(percent) < 9.95 ? "\(decimal(percent, places: 1)) %" : "\(whole(percent)) %"
    }

    /// Bytes: "48 MB", "1.5 GB".
    package static func size(_ bytes: Int) -> String {
        let kilo = Double(bytes) / 1024
        if abs(kilo) < 1024 { return "\(whole(kilo)) KB" }
        let mega = kilo / 1024
        if abs(mega) < 1024 { return abs(mega) < 9.95 ? "\(decimal(mega, places: 1)) MB" : "\(whole(mega)) MB" }
        return "\(decimal(mega / 1024, places: 1)) GB"
    }

    /// "0.4 ms", "25 ms", "1.2 s", "5 min"
    package static func duration(_ seconds: Double) -> String {
        let milliseconds = seconds * 1000
        if milliseconds < 9.95 { return "\(decimal(milliseconds, places: 1)) ms" }
        if milliseconds < 999.5 { return "\(whole(milliseconds)) ms" }
        if seconds < 9.95 { return "\(decimal(seconds, places: 1)) s" }
        if seconds < 119.5 { return "\(whole(seconds)) s" }
        if seconds < 7200 { return "\(whole(seconds / 60)) min" }
        return "\(whole(seconds / 3600)) h"
    }

    /// Milliseconds since the epoch: "2026-11-22 16:31 UTC". By the days of the Gregorian calendar counted from March on
    /// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    package static func moment(_ milliseconds: Int64) -> String {
        let minutes = max(0, min(milliseconds, 250_000_000_000_000)) / 60_000
        let days = minutes / 1440 + 719_468
        let (era, dayOfEra) = days.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * fromMarch + 2) / 5 + 1
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day)) \(two(minutes / 60 % 24)):\(two(minutes % 60)) UTC"
    }

    /// A rate or a count with a fraction: "0.07", "3.2", "80", "1240".
    package static func number(_ value: Double) -> String {
        if abs(value) < 0.995 { return decimal(value, places: 2) }
        return abs(value) < 99.5 ? decimal(value, places: 1) : whole(value)
    }

    /// "1 run", "2 runs"
    package static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// Without a zero at the end: "3.4", "3".
    private static func decimal(_ value: Double, places: Int) -> String {
        guard value.isFinite else { return "unlimited" }
        let scale = places == 1 ? 10.0 : 100
        let scaled = Int((min(abs(value), 1e12) * scale).rounded())
        let (units, rest) = scaled.quotientAndRemainder(dividingBy: Int(scale))
        let sign = value < 0 && scaled != 0 ? "-" : ""
        guard rest != 0 else { return "\(sign)\(units)" }
        var digits = String(rest)
        if places == 2, rest < 10 { digits = "0\(rest)" }
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(sign)\(units).\(digits)"
    }

    private static func whole(_ value: Double) -> String {
        value.isFinite ? String(Int(max(-1e15, min(value, 1e15)).rounded())) : "unlimited"
    }
}
