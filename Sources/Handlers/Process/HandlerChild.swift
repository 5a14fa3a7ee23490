import Platform

/// A handler's process as its owner sees it, whoever its parent is. Until it is reaped its number belongs to nobody else.
///
/// Only the leader touches it.
protocol HandlerChild: AnyObject {
    var pid: Int32 { get }
    /// When its making began.
    var since: MonotonicTime { get }
    /// Readable once it has ended.
    var pidfd: Int32 { get }
    /// For its temporary files; to be given up when it was reaped.
    var privateDirectory: PrivateDirectory? { get }
    /// Whether it has a process group of its own. Before it was reaped.
    var leadsGroup: Bool { get }
    /// To its whole process group. Without effect once it was reaped.
    func signalGroup(_ signal: Signal)
    /// Takes the exit report of one that has ended.
    ///
    /// - Parameter completion: called once, perhaps before this returns.
    func reap(in loop: EventLoop, then completion: @escaping (ExitReport) -> Void)
}

/// Our own child.
extension ChildProcess: HandlerChild {
    /// Between two attempts to take the exit report of one that a debugger holds: ptrace(2) gives it to the tracer first.
    private static let secondsBetweenLooks = 0.05

    /// It was spawned with one.
    var leadsGroup: Bool { true }

    func reap(in loop: EventLoop, then completion: @escaping (ExitReport) -> Void) {
        if let report = reap() { return completion(report) }
        _ = loop.at(MonotonicTime.now().advanced(bySeconds: Self.secondsBetweenLooks)) { [self] in
            reap(in: loop, then: completion)
        }
    }
}
