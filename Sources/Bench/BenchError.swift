import Platform

/// Why there is nothing to measure; the bench stops what it started and ends.
enum BenchError: Error, CustomStringConvertible {
    case interrupted(by: Signal)
    /// What went wrong, with the last lines of whoever it went wrong with.
    case failed(String)

    var description: String {
        switch self {
        case .interrupted(let signal): "stopped by \(signal)"
        case .failed(let reason): reason
        }
    }
}
