import Glibc

/// A value behind a lock, and a way to wait until it is as wished.
///
/// A pthread mutex and condition rather than `Synchronization.Mutex`, which inherits priorities and takes a hundred
/// times longer once several threads want it. The condition waits on CLOCK_MONOTONIC.
package final class Monitor<State>: @unchecked Sendable {
    // Guarded by `mutex`; on the heap because both objects must keep their address.
    private var state: State
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Runs `body` alone. It must not call this monitor again: the lock is not recursive.
    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Wakes one thread that waits, to look at the state again. Call it after changing the state, best unlocked.
    package func notify() { pthread_cond_signal(condition) }

    /// Wakes every thread that waits.
    package func notifyAll() { pthread_cond_broadcast(condition) }

    /// Runs `take` alone, at once and after every notification, until it answers something.
    ///
    /// - Returns: the answer, or nil if the deadline came first.
    package func wait<Result>(
        until deadline: MonotonicTime = .never, _ take: (inout State) -> Result?
    ) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var limit = timespec()
        limit.tv_sec = Int(deadline.nanoseconds / 1_000_000_000)
        limit.tv_nsec = Int(deadline.nanoseconds % 1_000_000_000)
        var isLate = false
        while true {
            if let result = take(&state) { return result }
            if isLate { return nil }
            if deadline == .never {
                pthread_cond_wait(condition, mutex)
            } else {
                // The state is looked at once more: the notification may have come with the deadline.
                isLate = pthread_cond_timedwait(condition, mutex, &limit) == ETIMEDOUT
            }
        }
    }
}
