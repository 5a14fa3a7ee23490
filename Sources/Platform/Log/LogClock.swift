import Glibc

/// The time of a line, written out.
package enum LogClock {
    /// Local time as people read it: "2026-11-22 05:18:03.123".
    static func local(_ milliseconds: Int64) -> String { stamp(milliseconds, localtime_r, separator: " ") }

    /// RFC 3339 in UTC: "2026-11-22T04:18:03.123Z".
    package static func universal(_ milliseconds: Int64) -> String {
        stamp(milliseconds, gmtime_r, separator: "T") + "Z"
    }

    private static func stamp(
        _ milliseconds: Int64,
        _ split: (UnsafePointer<time_t>, UnsafeMutablePointer<tm>) -> UnsafeMutablePointer<tm>?, separator: String
    ) -> String {
        // Rounded down before 1970 too, so that the milliseconds are never negative.
        let fraction = (milliseconds % 1000 + 1000) % 1000
        var seconds = time_t((milliseconds - fraction) / 1000)
        var parts = tm()
        guard split(&seconds, &parts) != nil else { return "\(milliseconds)" }
        let date = "\(parts.tm_year + 1900)-\(pad(parts.tm_mon + 1))-\(pad(parts.tm_mday))"
        let time = "\(pad(parts.tm_hour)):\(pad(parts.tm_min)):\(pad(parts.tm_sec))"
        return "\(date)\(separator)\(time).\(fraction < 10 ? "00" : fraction < 100 ? "0" : "")\(fraction)"
    }

    private static func pad(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
