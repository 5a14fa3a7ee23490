import Handlers
import Logging

/// A pool of processes, for the log and for the record in Redis.
extension PoolDescription {
    var message: Logger.Message {
        "handler \(handler)\(isIsolated ? ", isolated classes" : ""): \(busy) processes busy, \(idle) idle"
    }

    var fields: Logger.Metadata {
        var fields: Logger.Metadata = [
            "starting": "\(starting)", "leaving": "\(leaving)", "stuck": "\(stuck)", "waiting": "\(waiting)",
            "failed_starts": "\(startFailures)",
        ]
        if let startFailure { fields["start_failure"] = "\(startFailure)" }
        if let secondsToNextStart { fields["next_start_in"] = "\(JobLog.text(seconds: secondsToNextStart)) s" }
        if let preloader { fields["preloader"] = "\(preloader.words)" }
        return fields
    }
}

extension PreloaderDescription {
    /// "4711, 3600 s old, with 4 children; the next one loads its program"
    fileprivate var words: String {
        let present =
            if let pid, let seconds {
                "\(pid), \(Int(seconds)) s old, with \(children == 1 ? "1 child" : "\(children) children")"
            } else {
                "none"
            }
        var words = present
        if isLoading { words += "; \(pid == nil ? "one" : "the next one") loads its program" }
        if startFailures > 0 { words += "; \(startFailures) failed starts" }
        if let startFailure { words += ": \(startFailure)" }
        return words
    }
}

extension WorkerLoop {
    /// "reports (7 times), mails (1 time)"; nil if all start.
    var failingStarts: String? {
        let failing = dispatcher.poolDescriptions.compactMap { pool -> String? in
            let count = max(pool.startFailures, pool.preloader?.startFailures ?? 0)
            return count == 0 ? nil : "\(pool.handler) (\(count == 1 ? "1 time" : "\(count) times"))"
        }
        return failing.isEmpty ? nil : failing.joined(separator: ", ")
    }
}
