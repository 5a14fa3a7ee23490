/// When a job is no longer worth beginning.
package enum Expiry {
    /// The member that says when, and the one that says how long after the job was made, or is due.
    static let member = JobOption.expiry.rawValue

    /// Also without a fraction it is in seconds, unless it is too large for that; `Timestamp` reads both. An instant before
    /// September 2001 is a slip, such as a number of seconds from now, and drops no job.
    fileprivate static let earliest = Timestamp(seconds: JobDraft.smallestInstant)

    /// Seconds; nil if there are none that make sense.
    static func seconds(_ object: JSONObject) -> Double? {
        guard let seconds = object.number(JobOption.expiresIn.rawValue), seconds > 0,
            seconds <= RetryPolicy.longestDelay
        else { return nil }
        return seconds
    }
}

extension Job {
    /// From when on it is not begun any more: `expiry`, else `expires_in` seconds after it was made, or put on its queue if
    /// that was later: whoever takes a job off the schedule need not write `expiry`. Nil for never: also if what stands there
    /// cannot be read, for a job with a checkpoint, which has begun already, and for one that has failed and has no `expiry`,
    /// as nothing says any more when its time began.
    package var expiresAt: Timestamp? {
        guard !options.isEmpty, checkpointRange == nil else { return nil }
        if options[.expiry] != nil {
            return object.timestamp(Expiry.member).flatMap { $0 < Expiry.earliest ? nil : $0 }
        }
        return hasFailed ? nil : lifetimeEnd
    }

    /// The `expiry` that it gets when it first fails, as each retry is put on a queue anew; nil if it gets none.
    var expiryOfRetries: Timestamp? { options[.expiry] == nil && !hasFailed ? lifetimeEnd : nil }

    private var hasFailed: Bool { retryCount != nil || failedAt != nil }

    /// By `expires_in` alone, for a job that has not failed yet.
    private var lifetimeEnd: Timestamp? {
        guard options[.expiresIn] != nil, let seconds = Expiry.seconds(object) else { return nil }
        guard let start = [createdAt, enqueuedAt].compactMap({ $0 }).max() else { return nil }
        return Timestamp(seconds: start.seconds + seconds)
    }

    /// The `expiry` that it gets when its time comes; nil if it gets none.
    ///
    /// - Parameter due: in seconds since the epoch.
    func expiry(due: Double) -> Timestamp? {
        guard options[.expiresIn] != nil, options[.expiry] == nil else { return nil }
        return Expiry.seconds(object).map { Timestamp(seconds: due + $0) }
    }
}

extension PayloadSplice {
    /// In seconds with a fraction whoever reads it: there is no older form that it could be taken for.
    mutating func setExpiry(_ instant: Timestamp) { set(Expiry.member, to: instant, as: .seven) }
}
