import Platform

/// The process behind a `ChildID`: watched for its messages and for its end. Used by the loop's thread only.
final class RunningChild: EventSink {
    /// What it may say in one turn; the rest waits for the next, so that no child can keep the others waiting.
    private static let messagesPerTurn = 64

    let id: ChildID
    let process: ChildProcess
    private let channel: ControlChannel?
    /// What a worker writes down of its runs.
    private let board: RunningBoard?
    private let events: EventLoop
    private let tell: (SupervisorEvent) -> Void
    /// Whether memory ran out, asked at its end.
    private let shortage: () -> MemoryShortage?

    /// - Throws: what the event loop throws. The process then runs unwatched; it is the caller's to end.
    init(
        _ id: ChildID, _ process: ChildProcess, channel: ControlChannel?, board: RunningBoard?, events: EventLoop,
        tell: @escaping (SupervisorEvent) -> Void, shortage: @escaping () -> MemoryShortage?
    ) throws(SystemError) {
        self.id = id
        self.process = process
        self.channel = channel
        self.board = board
        self.events = events
        self.tell = tell
        self.shortage = shortage
        try events.watch(process.pidfd, for: .readable, self)
        if let channel { try events.watch(channel.raw, for: .readable, self) }
    }

    /// The loop must not call it any more: its descriptors are about to be closed.
    func forget() {
        events.forget(process.pidfd)
        if let channel { events.forget(channel.raw) }
    }

    /// False if the channel is full or gone.
    func send(_ message: ControlMessage) -> Bool { channel?.send(message) ?? false }

    /// SIGKILL goes to all of its process group, which it can no longer clean up itself.
    func signal(_ signal: Signal) {
        if signal == .kill { process.signalGroup(signal) }
        process.signal(signal)
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        guard fd == process.pidfd else { return hear(atMost: Self.messagesPerTurn) }
        // Its last words, a refusal above all, come before its end. The channel holds a few hundred messages at most.
        hear(atMost: .max)
        guard let report = process.reap() else { return }
        forget()
        tell(.exited(id, report.status, how: report.adding(shortage()).summary, running: board?.running ?? []))
    }

    private func hear(atMost limit: Int) {
        guard let channel else { return }
        for _ in 0..<limit {
            switch channel.receive() {
            case .message(let message): tell(.message(id, message))
            case .none: return
            case .closed: return events.forget(channel.raw)
            }
        }
    }
}
