internal import Glibc
package import JobModel

/// A minute of the calendar in UTC, which is how statistics are filed.
package struct CalendarDate: Equatable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    package let day: Int
    package let hour: Int
    package let minute: Int

    package init(_ instant: Timestamp) {
        var seconds = time_t(instant.seconds.rounded(.down))
        var fields = tm()
        gmtime_r(&seconds, &fields)
        year = Int(fields.tm_year) + 1900
        month = Int(fields.tm_mon) + 1
        day = Int(fields.tm_mday)
        hour = Int(fields.tm_hour)
        minute = Int(fields.tm_min)
    }

    /// "2026-01-03"
    package var dashed: String { "\(year)-\(Self.twoDigits(month))-\(Self.twoDigits(day))" }
    /// "260103"
    package var compact: String { Self.twoDigits(year % 100) + Self.twoDigits(month) + Self.twoDigits(day) }
    /// "26010309"
    package var compactHour: String { compact + Self.twoDigits(hour) }
    package var twoDigitMinute: String { Self.twoDigits(minute) }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
