import ArgumentParser
import JobModel
import Platform
import Worker

/// What became of a tried job, in words and as an exit status.
extension Trial.End {
    /// One word for what the run came to.
    var outcome: String {
        switch result.outcome {
        case .succeeded: "done"
        case .failed, .notStarted, .died: "failed"
        case .dead: "dead"
        case .discarded: "discarded"
        case .snoozed: "snoozed"
        case .suspended: "suspended"
        case .interrupted: "interrupted"
        case .cancelled: "cancelled"
        }
    }

    /// One word for what follows, and the seconds it would wait.
    var next: (word: String, seconds: Double?) {
        switch verdict {
        case .ack: ("ack", nil)
        case .retry(let seconds, _), .retryUnlessPoison(let seconds, _, _): ("retry", seconds)
        case .bury: ("bury", nil)
        case .discard: ("discard", nil)
        case .requeue: ("requeue", nil)
        case .suspend: ("suspend", nil)
        case .snooze(let seconds): ("snooze", seconds)
        }
    }

    /// What follows, for people; nil where there is nothing more to say.
    var sentence: String? {
        switch verdict {
        case .ack: nil
        case .retry(let seconds, _), .retryUnlessPoison(let seconds, _, _):
            "would be tried again in some \(Int(seconds)) s"
        case .bury: "would lie in the dead set, and not be tried again"
        case .discard: result.outcome.failure == nil ? "would be dropped" : "would be dropped: it is not to be retried"
        case .requeue: "would go back to its queue"
        case .suspend: "would go on from there, behind the other jobs of its queue"
        case .snooze(let seconds): "would run again in \(seconds.formatted()) s, which costs no retry"
        }
    }

    /// 0 if the job is done.
    var exitStatus: ExitCode? {
        if let signal, [.interrupted, .suspended].contains(result.outcome) { return ExitCode(128 + signal.number) }
        return switch verdict {
        case .ack: nil
        case .bury, .discard: Exit.badData
        case .retry, .retryUnlessPoison, .requeue, .suspend, .snooze: Exit.again
        }
    }
}

extension Double {
    /// Without the `.0` of a whole number.
    fileprivate func formatted() -> String { self == rounded() ? String(Int(self)) : String(self) }
}
