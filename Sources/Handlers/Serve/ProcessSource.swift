import Platform

/// Why a process could not be had, in words for people.
struct NoStart: Error, Equatable {
    let reason: String
}

/// Where the processes of a pool come from.
protocol ProcessSource: AnyObject {
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
}
