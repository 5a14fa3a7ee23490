/// Whose forms are written where versions of Sidekiq differ: times in payloads, and the keys of metrics. What is read may
/// have either form.
package enum SidekiqMajor: Int, Codable, Sendable {
    /// Up to 7: times are seconds with a fraction.
    case seven = 7
    /// From 8 on: times are whole milliseconds.
    case eight = 8
}
