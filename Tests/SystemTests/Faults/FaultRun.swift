import Foundation
import Glibc
import TestSupport

/// How much of the faults is run: `make test` has a few minutes, `make faults` all the time it needs.
enum FaultRun {
    /// MARTLET_FAULTS=full: every boundary instead of a sample, and faults of the length they have in real life.
    static let isFull = ProcessInfo.processInfo.environment["MARTLET_FAULTS"] == "full"

    /// Seconds of a fault: enough to show its treatment, or as long as it was seen to last.
    static func seconds(_ short: Double, full: Double) -> Double { isFull ? full : short }

    /// Namespaces, mounts and networks of a process's own are root's, where the machine allows them at all.
    static let hasNamespaces =
        geteuid() == 0
        && Program.run(["/usr/bin/unshare", "-m", "-n", "--uts", "/bin/sh", "-c", "mount -t tmpfs none /mnt"]).code == 0

    static func pause(_ seconds: Double) { usleep(UInt32(seconds * 1e6)) }
}
