package import Platform

/// What an operator asks of the service by a signal.
package enum Intent: Equatable, Sendable {
    /// Let running jobs end, up to the stop time-out, and be gone. Asked twice: at once.
    case stop
    /// Fetch nothing more; running jobs go on; the processes stay.
    case quiet
    /// Read the configuration again and replace the children one by one.
    case reload
    /// Log what every child is doing.
    case describe
}

/// Which signal means what: the only place that says so. docs/reference/signals.md is its long form.
package enum SignalTable {
    package static let rows: [(signal: Signal, intent: Intent)] = [
        (.terminate, .stop),
        (.interrupt, .stop),
        (.user1, .quiet),
        (.stopTerminal, .quiet),
        (.hangup, .reload),
        (.ttin, .describe),
    ]

    package static func intent(of signal: Signal) -> Intent? {
        rows.first { $0.signal == signal }?.intent
    }

    /// What the supervisor takes from the kernel by descriptor: its intents, SIGCHLD to reap what it did not start, and
    /// SIGPIPE because a closed log must not end the service.
    static var taken: [Signal] { rows.map(\.signal) + [.child, .pipe] }
}
