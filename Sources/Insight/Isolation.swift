/// That a class is kept apart, because its runs leave memory behind: in processes of its own, each for one run.
package struct Isolation: Equatable, Sendable {
    /// The configured name of the handler that has processes for it.
    package var handler: String
    /// Since when: milliseconds since the epoch.
    package var since: Int64
    /// What it did, for people.
    package var reason: String
    /// Where it was seen to do so.
    package var host: String
    /// How often it came to that, this time included: 1 or more.
    package var times: Int
    /// When it last left memory behind: milliseconds since the epoch.
    package var lastCliff: Int64

    package init(handler: String, since: Int64, reason: String, host: String, times: Int, lastCliff: Int64) {
        self.handler = handler
        self.since = since
        self.reason = reason
        self.host = host
        self.times = times
        self.lastCliff = lastCliff
    }

    /// So many runs in a row without a cliff release the class, as one worker sees them: 100, and twice as many each time it
    /// comes back, up to 12,800. A class that makes its cliff for one job in a thousand soon stays where it does no harm.
    package var runsToRelease: Int { 100 << min(max(times, 1) - 1, 7) }
}
