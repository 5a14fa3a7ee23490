/// Reads dates written out: ISO 8601's extended form, and what Ruby's `Time#to_s` makes of it.
///
/// `2026-01-03`, `2026-01-03T09:05Z`, `2026-01-03T09:05:07.25+02:00`, `2026-01-03 09:05:07 UTC`, `… +0200`. Without a
/// zone it is UTC. A leap second counts as the second after it.
struct CalendarText {
    private var rest: Substring.UTF8View

    /// The instant a text names, to the millisecond; nil if it names none.
    static func instant(_ text: String) -> Timestamp? {
        var reader = CalendarText(rest: Substring(text).utf8)
        return reader.instant()
    }

    private mutating func instant() -> Timestamp? {
        guard let year = digits(4), take("-"), let month = digits(2), take("-"), let day = digits(2),
            (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, year: year)
        else { return nil }
        let midnight = Self.days(year: year, month: month, day: day) * 86_400_000
        if rest.isEmpty { return Timestamp(milliseconds: midnight) }
        guard take("T") || take("t") || take(" "), let time = timeOfDay(), let offset = zone(), rest.isEmpty else {
            return nil
        }
        return Timestamp(milliseconds: midnight + time - offset)
    }

    /// Milliseconds since midnight.
    private mutating func timeOfDay() -> Int64? {
        guard let hour = digits(2), hour < 24, take(":"), let minute = digits(2), minute < 60 else { return nil }
        var milliseconds = (hour * 60 + minute) * 60_000
        if take(":") {
            guard let second = digits(2), second <= 60 else { return nil }
            milliseconds += second * 1000
            if take(".") || take(",") {
                guard let fraction = fraction() else { return nil }
                milliseconds += fraction
            }
        }
        return milliseconds
    }

    /// Digits behind the point as milliseconds; the fourth and later ones are dropped.
    private mutating func fraction() -> Int64? {
        let all = rest.prefix { $0 &- 0x30 < 10 }
        guard !all.isEmpty else { return nil }
        rest = rest.dropFirst(all.count)
        let three = (all.map { Int64($0 &- 0x30) } + [0, 0]).prefix(3)
        return three.reduce(0) { $0 * 10 + $1 }
    }

    /// Milliseconds to take from local time.
    private mutating func zone() -> Int64? {
        _ = take(" ")
        if rest.isEmpty || take("Z") || take("z") || take("UTC") { return 0 }
        let sign: Int64 = take("-") ? -1 : 1
        guard sign < 0 || take("+"), let hours = digits(2), hours < 24 else { return nil }
        _ = take(":")
        guard let minutes = rest.isEmpty ? 0 : digits(2), minutes < 60 else { return nil }
        return sign * (hours * 60 + minutes) * 60_000
    }

    private mutating func digits(_ count: Int) -> Int64? {
        let text = rest.prefix(count)
        guard text.count == count, text.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        rest = rest.dropFirst(count)
        return text.reduce(0) { $0 * 10 + Int64($1 &- 0x30) }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard rest.starts(with: wanted) else { return false }
        rest = rest.dropFirst(wanted.count)
        return true
    }

    private static func days(inMonth month: Int64, year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        switch month {
        case 2: return isLeap ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }

    /// Days since 1 January 1970 in the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms"):
    /// years begin in March, so that the leap day is the last; 719,468 days lie between 1 March of the year 0 and the
    /// epoch.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
