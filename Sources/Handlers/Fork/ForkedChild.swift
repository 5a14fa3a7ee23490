import Platform

/// A process that a preloader forked: the preloader is its parent and reaps it when it is told to. If that is gone, it has
/// become our own child.
final class ForkedChild: HandlerChild {
    let since: MonotonicTime
    /// That of its preloader, which it was told of before it was forked: the last of them to end gives it up.
    let privateDirectory: PrivateDirectory?
    private let process: ForeignProcess
    private let preloader: Preloader

    init(_ process: ForeignProcess, of preloader: Preloader, since: MonotonicTime) {
        self.process = process
        self.preloader = preloader
        self.since = since
        privateDirectory = preloader.privateDirectory?.shared()
    }

    var pid: Int32 { process.pid }
    var pidfd: Int32 { process.pidfd }

    var leadsGroup: Bool { process.leadsGroup }
    func signalGroup(_ signal: Signal) { process.signalGroup(signal) }

    func reap(in loop: EventLoop, then completion: @escaping (ExitReport) -> Void) {
        preloader.reap(pid) { [self] status in
            if let status { return completion(ExitReport(told: status)) }
            reapAdopted(in: loop, then: completion)
        }
    }

    /// What the preloader told nobody, since it is gone.
    private func reapAdopted(in loop: EventLoop, then completion: @escaping (ExitReport) -> Void) {
        switch process.reap() {
        case .report(let report): completion(report)
        case .notOurs: completion(ExitReport(told: .lost))
        case .notYet:
            _ = loop.at(MonotonicTime.now().advanced(bySeconds: 0.05)) { [self] in
                reapAdopted(in: loop, then: completion)
            }
        }
    }
}
