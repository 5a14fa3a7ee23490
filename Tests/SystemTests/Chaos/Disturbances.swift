/// When the way of a host to Redis was disturbed, or its scheduler or supervisor was not there.
struct Disturbances: Sendable {
    /// How long after a disturbance things may not yet be as before: a worker waits up to 5 s between two attempts.
    private static let afterwards = 8.0

    // Of each host in the order of their begin; `latest` is the latest end of all up to there.
    private struct Span: Sendable {
        let from: Double
        let to: Double
        let latest: Double
    }

    private var spans: [Deed.HostName: [Span]] = [:]

    /// - Parameter ofRescue: only those that keep a supervisor and a scheduler from rescuing.
    init(_ hits: [Ledgers.Hit], ofRescue: Bool = false) {
        for hit in hits.filter({ !ofRescue || !$0.sparesRescue }).sorted(by: { $0.at < $1.at }) {
            for host in hit.disturbs {
                let latest = max(hit.until, spans[host]?.last?.latest ?? hit.until)
                spans[host, default: []].append(Span(from: hit.at, to: hit.until, latest: latest))
            }
        }
    }

    /// Until when what should happen at `time` may be put off: `time` itself where nothing is disturbed.
    func end(from time: Double, on host: Deed.HostName) -> Double {
        guard let spans = spans[host] else { return time }
        var end = time
        while let last = Self.last(of: spans, before: end), last.latest + Self.afterwards > end {
            end = last.latest + Self.afterwards
        }
        return end
    }

    /// Whether anything was disturbed on a host in a span of time.
    func touch(_ host: Deed.HostName, from: Double, to: Double) -> Bool {
        guard let last = Self.last(of: spans[host] ?? [], before: to) else { return false }
        return last.latest >= from
    }

    /// The last one that begins before a time.
    private static func last(of spans: [Span], before time: Double) -> Span? {
        var (low, high) = (0, spans.count)
        while low < high {
            let middle = (low + high) / 2
            if spans[middle].from < time { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? spans[low - 1] : nil
    }
}
