import Glibc

/// The only place that asks what time of day it is.
package enum WallClock {
    /// Milliseconds since 1970 UTC: CLOCK_REALTIME, which an administrator or NTP may move.
    package static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
