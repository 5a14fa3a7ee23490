import Platform

/// Why a serve process is to be replaced by another.
enum Recycling: Equatable {
    /// It did so many jobs.
    case jobs(Int)
    /// It has so many bytes resident.
    case memory(Int)
    /// It has lived for so many seconds.
    case age(Double)

    /// Completes "a handler's process is to be replaced: it".
    var text: String {
        switch self {
        case .jobs(let count): "was given \(count) jobs (max_jobs)"
        case .memory(let bytes): "has \(MemoryShortage.megabytes(bytes)) resident (max_memory)"
        case .age(let seconds): "is \(Handler.text(seconds: seconds.rounded(.up))) old (max_age)"
        }
    }
}
