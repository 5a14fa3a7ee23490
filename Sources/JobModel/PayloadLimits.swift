/// How large a payload may be to be run. Proved before anything of it is parsed.
package struct PayloadLimits: Codable, Equatable, Sendable {
    /// What one job may weigh, in bytes.
    package var bytes: Int
    /// Above this many bytes a job is worth a warning.
    package var warningBytes: Int
    /// How many containers may be open at once; Ruby's parser allows 100, so Sidekiq makes none deeper.
    package var depth: Int

    package init(bytes: Int = 1 << 20, warningBytes: Int = 100 << 10, depth: Int = 100) {
        self.bytes = bytes
        self.warningBytes = warningBytes
        self.depth = depth
    }
}
