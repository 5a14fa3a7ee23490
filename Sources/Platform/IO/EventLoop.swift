import CPosix
import Glibc

/// Waits for descriptors, times and other threads at once: a level-triggered epoll(7).
///
/// Used by one thread at a time; the thread may change between turns if the change is synchronised. Only `wake` may be
/// used from anywhere. Events and turns allocate nothing.
package final class EventLoop {
    private struct Watch {
        var sink: (any EventSink)?
        var interest: Interest = []
        var isEarly = false
        // Of a pair of watches of the same number, an event belongs to the one whose generation it carries.
        var generation: UInt32 = 0
    }

    private let epoll: FileDescriptor
    private let events: UnsafeMutablePointer<epoll_event>
    // A round of this many keeps timers punctual; whoever is left out is first in the next turn.
    private let eventsPerTurn = 256
    // Indexed by descriptor: numbers are small and dense.
    private var watches: [Watch] = []
    private var timers = TimerHeap<() -> Void>()

    /// Ends the wait from any thread.
    package let wake: WakeUp
    /// Called in the loop's thread, once in a turn, if `wake` was signalled.
    package var onWake: (() -> Void)?

    package init() throws(SystemError) {
        let raw = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard raw >= 0 else { throw SystemError.last("open an epoll descriptor") }
        epoll = FileDescriptor(raw)
        events = .allocate(capacity: eventsPerTurn)
        wake = try WakeUp()
        // Generation 0 belongs to it; `watch` gives out none below 1.
        guard control(EPOLL_CTL_ADD, wake.raw, .readable, generation: 0) == 0 else {
            throw SystemError.last("watch the wake-up descriptor")
        }
    }

    deinit { events.deallocate() }

    // MARK: Descriptors

    /// Tells `sink` from the next turn on when the descriptor is ready. The loop keeps the sink until `forget`.
    ///
    /// - Parameter early: told before all others that are ready in the same turn. For what was said before something else
    ///   was said elsewhere, such as a program's output before its answer: epoll keeps no order between descriptors.
    ///
    /// An earlier watch of the same number ends. Forget a descriptor before closing it, or the number's next user
    /// would be taken for it.
    /// - Throws: EPERM for regular files, which are always ready; ENOSPC beyond the user's limit of watches.
    package func watch(
        _ fd: Int32, for interest: Interest, early: Bool = false, _ sink: any EventSink
    ) throws(SystemError) {
        forget(fd)
        while watches.count <= Int(fd) { watches.append(Watch()) }
        let generation = max(watches[Int(fd)].generation, 1)
        guard control(EPOLL_CTL_ADD, fd, interest, generation: generation) == 0 else {
            throw SystemError.last("watch descriptor \(fd)")
        }
        watches[Int(fd)] = Watch(sink: sink, interest: interest, isEarly: early, generation: generation)
    }

    /// Changes what a watched descriptor is watched for. With an empty interest nothing is reported, no hang-up either.
    package func change(_ fd: Int32, to interest: Interest) {
        guard let watch = watch(of: fd), watch.interest != interest else { return }
        let result = control(EPOLL_CTL_MOD, fd, interest, generation: watch.generation)
        precondition(result == 0, "a watched descriptor is forgotten before it is closed")
        watches[Int(fd)].interest = interest
    }

    /// Ends a watch: nothing is reported any more, not even what this turn has already received. Without effect if the
    /// descriptor is not watched.
    package func forget(_ fd: Int32) {
        guard let watch = watch(of: fd) else { return }
        // Fails if the descriptor was closed already, and then there is nothing to remove.
        _ = control(EPOLL_CTL_DEL, fd, [], generation: 0)
        watches[Int(fd)] = Watch(generation: watch.generation == .max ? 1 : watch.generation + 1)
    }

    private func watch(of fd: Int32) -> Watch? {
        guard fd >= 0, Int(fd) < watches.count, watches[Int(fd)].sink != nil else { return nil }
        return watches[Int(fd)]
    }

    private func control(_ operation: Int32, _ fd: Int32, _ interest: Interest, generation: UInt32) -> Int32 {
        var event = epoll_event()
        if interest.contains(.readable) { event.events |= EPOLLIN.rawValue }
        if interest.contains(.writable) { event.events |= EPOLLOUT.rawValue }
        // A hang-up cannot be declined. Where nothing is wanted it is reported once instead of at every turn, and dropped.
        if interest.isEmpty { event.events |= EPOLLONESHOT.rawValue }
        event.data.u64 = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: fd))
        return epoll_ctl(epoll.raw, operation, fd, &event)
    }

    // MARK: Times

    /// Calls `action` in the first turn at or after `time`. Timers of the same time run in the order they were set.
    @discardableResult
    package func at(_ time: MonotonicTime, _ action: @escaping () -> Void) -> TimerID { timers.add(action, at: time) }

    /// Forgets a timer. Without effect if it has been called or cancelled.
    package func cancel(_ id: TimerID) { timers.cancel(id) }

    // MARK: Turns

    /// Waits once, until something happens, a timer is due or the deadline comes; then tells the sinks and calls the
    /// timers that are due. Timers set meanwhile wait for the next turn.
    ///
    /// - Throws: only what epoll_wait(2) cannot recover from.
    package func turn(upTo deadline: MonotonicTime) throws(SystemError) {
        let count = epoll_wait(epoll.raw, events, Int32(eventsPerTurn), timeout(upTo: min(deadline, timers.nextTime())))
        if count < 0, errno != EINTR { throw SystemError.last("wait for events") }
        var hasOthers = false
        for index in 0..<max(Int(count), 0) {
            if isEarly(events[index]) { dispatch(events[index]) } else { hasOthers = true }
        }
        if hasOthers {
            for index in 0..<Int(count) where !isEarly(events[index]) { dispatch(events[index]) }
        }
        let end = timers.nextSequence
        let now = MonotonicTime.now()
        while let action = timers.takeDue(at: now, addedBefore: end) { action() }
    }

    private func isEarly(_ event: epoll_event) -> Bool {
        let fd = Int(UInt32(truncatingIfNeeded: event.data.u64))
        return event.data.u64 >> 32 != 0 && watches[fd].isEarly
    }

    private func dispatch(_ event: epoll_event) {
        let generation = UInt32(event.data.u64 >> 32)
        let fd = Int32(bitPattern: UInt32(truncatingIfNeeded: event.data.u64))
        guard generation != 0 else {
            wake.clear()
            onWake?()
            return
        }
        let watch = watches[Int(fd)]
        guard watch.generation == generation, let sink = watch.sink, !watch.interest.isEmpty else { return }
        var readiness: Readiness = []
        if event.events & EPOLLIN.rawValue != 0, watch.interest.contains(.readable) { readiness.insert(.readable) }
        if event.events & EPOLLOUT.rawValue != 0, watch.interest.contains(.writable) { readiness.insert(.writable) }
        if event.events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { readiness.insert(.hangup) }
        if !readiness.isEmpty { sink.ready(fd, readiness) }
    }

    /// Milliseconds for epoll_wait(2), rounded up so that a timer is due when the wait ends.
    private func timeout(upTo time: MonotonicTime) -> Int32 {
        guard time != .never else { return -1 }
        let seconds = time.seconds(since: .now())
        guard seconds > 0 else { return 0 }
        return Int32(min((seconds * 1000).rounded(.up), 3_600_000))
    }
}
