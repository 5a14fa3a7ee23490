import Platform

/// Why a serve process is to be replaced by another.
enum Recycling: Equatable {
    /// It did so many jobs.
    case jobs(Int)
    /// It has so many bytes resident.
    case memory(Int)
    /// It has lived for so many seconds.
    case age(Double)
    /// This file of its program is another one by now.
    case changed(String)
    /// The preloader that forked it has been replaced.
    case orphaned

    /// Completes "a handler's process is due: it".
    var text: String {
        switch self {
        case .jobs(let count): "was given \(count) jobs (max_jobs)"
        case .memory(let bytes): "has \(MemoryShortage.megabytes(bytes)) resident (max_memory)"
        case .age(let seconds): "is \(Handler.text(seconds: seconds.rounded(.up))) old (max_age)"
        case .changed(let path): "has an old program: \(path) has changed"
        case .orphaned: "was forked by a preloader that has been replaced"
        }
    }
}
