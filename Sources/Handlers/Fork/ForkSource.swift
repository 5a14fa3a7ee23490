import Configuration
import Logging
import Platform

/// The preloaders of one handler: the one that forks now, the next one while it loads, and those on their way out.
///
/// Only the leader touches it.
final class ForkSource: ProcessSource {
    private struct Request {
        let pipes: HandlerPipes
        let completion: (Result<StartedHandler, NoStart>) -> Void
    }

    /// One that ended sooner than this after it was ready is started again only when it is needed.
    private static let secondsToTrust = 1.0

    let handler: Handler
    private let host: HandlerHost
    private(set) var current: Preloader?
    /// Loads its program.
    private(set) var next: Preloader?
    private(set) var leaving: [Preloader] = []
    /// Forks that wait for a preloader.
    private var waiting: [Request] = []
    /// Of replacements, which nobody waits for; those that are waited for have their pool's.
    private(set) var backoff = StartBackoff()
    /// Why the current one is to be replaced; nil if it is not.
    private var due: Recycling?
    private var retryTimer: TimerID?
    private var ageTimer: TimerID?
    private var isStopped = false
    private(set) var generation = 0
    private(set) var renewal: Recycling?
    var onRenewal: () -> Void = {}

    init(_ handler: Handler, host: HandlerHost) {
        self.handler = handler
        self.host = host
    }

    /// But for those that nothing can end.
    var isEmpty: Bool { current == nil && next == nil && leaving.isEmpty }

    func prepare() {
        if current == nil, next == nil, !isStopped { load() }
    }

    func start(_ pipes: HandlerPipes, then completion: @escaping (Result<StartedHandler, NoStart>) -> Void) {
        guard !isStopped else { return refuse(Request(pipes: pipes, completion: completion), "it is being stopped") }
        if let current {
            current.fork(pipes, then: completion)
        } else {
            waiting.append(Request(pipes: pipes, completion: completion))
            prepare()
        }
    }

    func changed(_ path: String) {
        if current == nil, next == nil {
            // The one that did not start may do so now.
            onRenewal()
            prepare()
        } else {
            replace(.changed(path))
        }
    }

    /// The current one goes when another is ready.
    private func replace(_ why: Recycling) {
        guard !isStopped else { return }
        // One that is just loading may have read the old files.
        if let next, case .changed = why {
            self.next = nil
            dismiss(next)
        }
        backoff.succeeded()
        if current == nil { return load() }
        if due == nil {
            host.log.info("a handler's preloader is due: it \(why.text)", metadata: metadata)
        }
        due = why
        if next == nil { load() }
    }

    /// What they have forked is ended by its pool, and reaped by us.
    func stop(grace: Double) {
        isStopped = true
        cancelTimers()
        let requests = waiting
        waiting = []
        for request in requests { refuse(request, "it is being stopped") }
        if let next { leaving.append(next) }
        if let current { leaving.append(current) }
        next = nil
        current = nil
        for preloader in leaving { preloader.leave(grace: grace) }
    }

    // MARK: What they tell

    func becameReady(_ preloader: Preloader) {
        guard preloader === next else { return }
        next = nil
        backoff.succeeded()
        let old = current
        current = preloader
        generation += 1
        preloader.generation = generation
        due = nil
        if let old { dismiss(old) }
        watchAge()
        let requests = waiting
        waiting = []
        for request in requests { preloader.fork(request.pipes, then: request.completion) }
        if old != nil {
            renewal = .orphaned
            onRenewal()
        }
    }

    func ended(_ preloader: Preloader, _ reason: String) {
        if preloader === next {
            next = nil
            startFailed(reason)
        } else if preloader === current {
            current = nil
            died(preloader, reason)
        } else {
            leaving.removeAll { $0 === preloader }
        }
    }

    private func startFailed(_ reason: String) {
        let reason = "its preloader \(reason)"
        if current != nil, due != nil {
            backoff.failed(reason, now: .now())
            let wait = max(backoff.until.seconds(since: .now()), 0)
            host.log.warning(
                "a handler's preloader cannot be replaced: \(reason)",
                metadata: metadata.merging(
                    ["next": "the one it was to replace goes on; tried again in \(Handler.text(seconds: wait))"]) { $1 }
            )
            retry(at: backoff.until)
            return
        }
        // Who waits says so in the log.
        if waiting.isEmpty {
            host.log.warning("a handler's preloader does not start: \(reason)", metadata: metadata)
        }
        backoff.failed(reason, now: .now())
        let requests = waiting
        waiting = []
        for request in requests { refuse(request, reason) }
    }

    private func died(_ preloader: Preloader, _ reason: String) {
        due = nil
        cancelTimers()
        let wasTrusted = MonotonicTime.now().seconds(since: preloader.since) >= Self.secondsToTrust
        host.log.warning(
            "a handler's preloader \(reason)",
            metadata: metadata.merging([
                "next": "what it has forked goes on; it is started again \(wasTrusted ? "now" : "when it is needed")"
            ]) { $1 })
        if wasTrusted || !waiting.isEmpty { prepare() }
    }

    // MARK: Starting and ending them

    private func load() {
        let preloader = Preloader(handler, source: self, host: host)
        next = preloader
        preloader.start()
    }

    private func dismiss(_ preloader: Preloader) {
        leaving.append(preloader)
        preloader.leave(grace: handler.settings.grace)
    }

    private func retry(at time: MonotonicTime) {
        if let retryTimer { host.loop.cancel(retryTimer) }
        retryTimer = host.loop.at(time) { [weak self] in
            guard let self else { return }
            retryTimer = nil
            if due != nil, next == nil, !isStopped { load() }
            host.board.deliver()
        }
    }

    private func watchAge() {
        cancelTimers()
        guard let seconds = handler.settings.maxAge else { return }
        let jittered = seconds * (1 - 0.1 * host.chance())
        ageTimer = host.loop.at(MonotonicTime.now().advanced(bySeconds: jittered)) { [weak self] in
            self?.ageTimer = nil
            self?.replace(.age(jittered))
            self?.host.board.deliver()
        }
    }

    private func cancelTimers() {
        if let ageTimer { host.loop.cancel(ageTimer) }
        if let retryTimer { host.loop.cancel(retryTimer) }
        ageTimer = nil
        retryTimer = nil
    }

    private func refuse(_ request: Request, _ reason: String) {
        request.pipes.closeTheirEnds()
        request.completion(.failure(NoStart(reason: reason)))
    }

    func preloader(now: MonotonicTime) -> PreloaderDescription? {
        PreloaderDescription(
            pid: current?.pid, seconds: current.map { now.seconds(since: $0.since) },
            children: current?.childCount ?? 0,
            isLoading: next != nil, startFailures: backoff.failures, startFailure: backoff.reason)
    }

    private var metadata: Logger.Metadata { ["handler": "\(handler.settings.name)"] }
}
