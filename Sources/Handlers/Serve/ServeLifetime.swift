import Configuration
import Platform

/// The times of one serve process that is ready: how old it may get, and how long it may have nothing to do.
///
/// Costs a run nothing: what it did is looked at now and then. Only the leader touches it.
final class ServeLifetime {
    enum End: Equatable {
        /// After so many seconds.
        case old(Double)
        case idle
    }

    private let loop: EventLoop
    private let idleSeconds: Double
    private let look: () -> (taken: Int, running: Int)
    private let end: (End) -> Void
    private var ageTimer: TimerID?
    private var idleTimer: TimerID?
    private var taken = -1
    private var idleSince = MonotonicTime(nanoseconds: .min)

    /// - Parameters:
    ///   - chance: 0 ..< 1: it gets up to a tenth less old, so that processes started together do not end together.
    ///   - look: how many runs it was ever given, and how many it has.
    ///   - end: called when a time is over; that of its age once.
    init(
        _ settings: HandlerSettings, loop: EventLoop, chance: Double, look: @escaping () -> (taken: Int, running: Int),
        end: @escaping (End) -> Void
    ) {
        self.loop = loop
        idleSeconds = settings.idleTimeout ?? .infinity
        self.look = look
        self.end = end
        if let seconds = settings.maxAge {
            let jittered = seconds * (1 - 0.1 * chance)
            ageTimer = loop.at(MonotonicTime.now().advanced(bySeconds: jittered)) { [weak self] in
                self?.ageTimer = nil
                end(.old(jittered))
            }
        }
        if settings.idleTimeout != nil { watch() }
    }

    /// Twenty looks in its time: two of them are what is lost of precision.
    private func watch() {
        let next = MonotonicTime.now().advanced(bySeconds: max(idleSeconds / 20, 0.005))
        idleTimer = loop.at(next) { [weak self] in
            guard let self else { return }
            watch()
            let seen = look()
            let now = MonotonicTime.now()
            if seen.running > 0 || seen.taken != taken {
                taken = seen.taken
                idleSince = now
            } else if now.seconds(since: idleSince) >= idleSeconds {
                end(.idle)
            }
        }
    }

    /// Nothing is called from now on.
    func cancel() {
        if let ageTimer { loop.cancel(ageTimer) }
        if let idleTimer { loop.cancel(idleTimer) }
        ageTimer = nil
        idleTimer = nil
    }
}
