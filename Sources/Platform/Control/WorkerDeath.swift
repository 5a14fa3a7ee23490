/// The end of a worker that neither it nor we explain, so that it counts against the jobs it was running.
package struct WorkerDeath: Equatable, Sendable {
    /// On one line: "killed by SIGKILL, peak memory 34 MB".
    package let how: String
    /// Numbers of the reservations whose jobs were running, not merely waiting, when it died.
    package let running: [UInt64]

    package init(how: String, running: [UInt64]) {
        self.how = how
        self.running = running
    }
}
