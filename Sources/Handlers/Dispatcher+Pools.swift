import Configuration
import Platform

/// Where the processes of handlers come from, and those that are there before there is a job.
extension Dispatcher {
    /// Seconds between two looks at the files of a preloader's program; of handlers that are watched the second.
    private static let lookSeconds = (always: 2.0, watched: 0.2)

    static func source(of handler: Handler, host: HandlerHost) -> (any ProcessSource)? {
        switch handler.settings.mode {
        case .spawn: nil
        case .serve: SpawnSource(handler, host: host)
        case .fork: ForkSource(handler, host: host)
        }
    }

    static func pools(
        of handlers: [Handler], _ sources: [(any ProcessSource)?], slots: Int, host: HandlerHost
    ) -> [ServePool?] {
        handlers.indices.map { index in
            sources[index].map {
                // A fork takes milliseconds, so that few are kept ready.
                let isForked = handlers[index].settings.mode == .fork
                return ServePool(
                    handlers[index].forPool, index: index, slots: slots, host: host, source: $0,
                    ahead: isForked ? min(max(slots / 4, 1), 4) : nil)
            }
        }
    }

    /// Starts what is to be there before there is a job, once the loop turns, and watches the files of programs.
    func beginProcesses() {
        let errands = Errands(name: "watching", loop: host.loop)
        for (index, source) in sources.enumerated() {
            guard let source, handlers[index].objection == nil else { continue }
            source.onRenewal = { [unowned self] in
                pools[index]?.renew()
                wards[index]?.renew()
            }
            let settings = handlers[index].settings
            if settings.watch || settings.mode == .fork {
                let seconds = settings.watch ? Self.lookSeconds.watched : Self.lookSeconds.always
                let watch = ProgramWatch(
                    settings, everySeconds: seconds, loop: host.loop, errands: errands, log: host.log
                ) { [weak self] path in
                    source.changed(path)
                    self?.host.board.deliver()
                }
                watch.start()
                watches.append(watch)
            }
        }
        _ = host.loop.at(.now()) { [weak self] in
            guard let self else { return }
            for (handler, pool) in zip(handlers, pools) where handler.objection == nil { pool?.warmUp() }
            host.board.deliver()
        }
    }
}
