import CSystemd
import Glibc

/// Tells the service manager how the service is: sd_notify(3). Without a NOTIFY_SOCKET nothing is sent.
///
/// Only the supervisor calls these. A lost notification is not worth an error: the manager's time-outs answer it.
package enum ServiceNotifier {
    /// Start-up, or a reload, is complete.
    package static func ready(status: String) { notify("READY=1\nSTATUS=\(oneLine(status))") }

    /// The stop has begun.
    package static func stopping() { notify("STOPPING=1") }

    /// A reload has begun; `ready` ends it.
    package static func reloading() {
        // The manager wants to know that this message is younger than its own request.
        notify("RELOADING=1\nMONOTONIC_USEC=\(MonotonicTime.now().nanoseconds / 1000)")
    }

    /// The line `systemctl status` shows.
    package static func status(_ line: String) { notify("STATUS=\(oneLine(line))") }

    /// Feeds the watchdog.
    package static func watchdog() { notify("WATCHDOG=1") }

    /// Seconds within which the manager wants to hear `watchdog`, or nil if it does not watch this process.
    ///
    /// Feed it at half the interval: sd_watchdog_enabled(3).
    package static func watchdogInterval() -> Double? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else { return nil }
        return Double(microseconds) / 1e6
    }

    private static func notify(_ state: String) { sd_notify(0, state) }

    // A line break would begin the next assignment.
    private static func oneLine(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 < 0x20 ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
    }
}
