import ArgumentParser
import JobModel
import Queueing

/// A place where jobs are, as it is named on the command line.
enum PlaceArgument: ExpressibleByArgument {
    case lying(JobPlace)
    /// Whatever processes hold.
    case running

    static let words = "retry, schedule, dead, running, queue:NAME, or the NAME of a queue"

    init?(argument: String) {
        switch argument {
        case "retry": self = .lying(.retry)
        case "schedule": self = .lying(.schedule)
        case "dead": self = .lying(.dead)
        case "running": self = .running
        // What the dashboard calls sets: nobody means a queue. (One of that name is queue:NAME.)
        case "retries", "scheduled", "morgue": return nil
        default:
            let name =
                argument.hasPrefix(Keys.queuePrefix) ? String(argument.dropFirst(Keys.queuePrefix.count)) : argument
            guard let queue = QueueName(name) else { return nil }
            self = .lying(.queue(queue))
        }
    }
}

extension QueueName: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

extension JobPlace {
    /// For programs: "queue", "schedule", "retry", "dead", "running".
    var kind: String {
        switch self {
        case .queue: "queue"
        case .schedule: "schedule"
        case .retry: "retry"
        case .dead: "dead"
        case .reserved: "running"
        }
    }

    /// For people.
    var title: String {
        switch self {
        case .queue(let name): "queue \(name.text)"
        case .schedule: "schedule"
        case .retry: "retry set"
        case .dead: "dead set"
        case .reserved(let identity): "process \(identity)"
        }
    }
}
