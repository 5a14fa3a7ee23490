import Platform

/// Why a process could not be had, in words for people.
struct NoStart: Error, Equatable {
    let reason: String
}

/// Where the processes of a pool come from.
protocol ProcessSource: AnyObject {
    /// Counts how often the program became another one.
    var generation: Int { get }
    /// Why the last time; nil if it never did.
    var renewal: Recycling? { get }
    /// Told when it has become another one: what was started before has the old one.
    var onRenewal: () -> Void { get set }
    /// Loads the program before anybody needs it.
    func prepare()
    /// A file of the program is another one by now.
    func changed(_ path: String)
    /// Nothing is started any more.
    func stop(grace: Double)
    /// But for processes that nothing can end.
    var isEmpty: Bool { get }
    func preloader(now: MonotonicTime) -> PreloaderDescription?
    /// Makes a process that has its ends of the pipes as 3 and 4, 1 and 2, and closes them here when that is done.
    ///
    /// - Parameter completion: called once in the leader's thread, perhaps before this returns.
    /// - Throws: why it was not even tried.
    func start(_ pipes: HandlerPipes, then completion: @escaping (Result<StartedHandler, NoStart>) -> Void)
        throws(SystemError)
}

/// Executes the handler's program for each.
final class SpawnSource: ProcessSource {
    private let handler: Handler
    private let host: HandlerHost
    private(set) var generation = 0
    private(set) var renewal: Recycling?
    var onRenewal: () -> Void = {}

    init(_ handler: Handler, host: HandlerHost) {
        self.handler = handler
        self.host = host
    }

    func start(_ pipes: HandlerPipes, then completion: @escaping (Result<StartedHandler, NoStart>) -> Void)
        throws(SystemError)
    {
        let spec = handler.spec(
            environment: handler.environment.serving, descriptors: pipes.descriptors(inputNumber: 3))
        try host.start(handler, spec, pipes) { completion($0.mapError { NoStart(reason: "\($0)") }) }
    }

    func changed(_ path: String) {
        generation += 1
        renewal = .changed(path)
        onRenewal()
    }

    func prepare() {}
    func stop(grace: Double) {}
    var isEmpty: Bool { true }
    func preloader(now: MonotonicTime) -> PreloaderDescription? { nil }
}
