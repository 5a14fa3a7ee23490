import Glibc

/// An instant on a clock that never jumps: CLOCK_MONOTONIC, or CLOCK_BOOTTIME where a suspended machine counts.
///
/// Instants of the two clocks must not be compared with each other; see clock_gettime(2).
package struct MonotonicTime: Comparable, Hashable, Sendable {
    /// Nanoseconds since some point before the start of this process.
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// CLOCK_MONOTONIC, which stands still while the machine is suspended.
    package static func now() -> MonotonicTime { read(CLOCK_MONOTONIC) }

    /// CLOCK_BOOTTIME, which goes on while the machine is suspended: what others may have seen pass without us.
    package static func bootTime() -> MonotonicTime { read(CLOCK_BOOTTIME) }

    /// Later than every instant a clock shows; stays so however far it is advanced.
    package static let never = MonotonicTime(nanoseconds: .max)

    /// This instant plus a number of seconds, which may be negative or infinite.
    package func advanced(bySeconds seconds: Double) -> MonotonicTime {
        guard self != .never else { return .never }
        let span = (seconds * 1e9).rounded()
        // Beyond 292 years nothing fits in 64 bits; "not a number" means no deadline that could be kept.
        guard span < 9.2e18 else { return .never }
        guard span > -9.2e18 else { return span.isNaN ? .never : MonotonicTime(nanoseconds: .min) }
        let (sum, overflow) = nanoseconds.addingReportingOverflow(Int64(span))
        guard overflow else { return MonotonicTime(nanoseconds: sum) }
        return span > 0 ? .never : MonotonicTime(nanoseconds: .min)
    }

    /// Seconds from `earlier` to this instant; negative if it is the later one, infinite from or to `never`.
    package func seconds(since earlier: MonotonicTime) -> Double {
        if self == .never { return earlier == .never ? 0 : .infinity }
        if earlier == .never { return -.infinity }
        let (span, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return overflow ? (Double(nanoseconds) - Double(earlier.nanoseconds)) / 1e9 : Double(span) / 1e9
    }

    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    private static func read(_ clock: clockid_t) -> MonotonicTime {
        var time = timespec()
        clock_gettime(clock, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
