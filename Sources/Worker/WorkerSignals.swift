import Platform

/// What a signal means to a worker. The supervisor passes them on; see docs/reference/signals.md.
enum WorkerSignals {
    enum Intent {
        case stop
        case quiet
        case describe
    }

    private static let table: [(signal: Signal, intent: Intent)] = [
        (.terminate, .stop),
        (.interrupt, .stop),
        (.user1, .quiet),
        (.stopTerminal, .quiet),
        (.ttin, .describe),
    ]

    /// What the worker listens to. SIGHUP is here to be ignored: a reload replaces workers, it is not their business.
    static let all = table.map(\.signal) + [.hangup]

    static func intent(of signal: Signal) -> Intent? { table.first { $0.signal == signal }?.intent }
}
