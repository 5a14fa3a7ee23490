import Platform

/// Which runs are measured: all, up to so many a second; of more, a sample that is smaller, since whoever does that many has no
/// time to lose. Each run is in it with the same probability, whatever it is and however long it will take.
///
/// The probability for a fiftieth of a second follows from the busiest fiftieth of the second before it, not from the runs it
/// is applied to: the first runs of a burst are not preferred to its last. Only the first fiftieth of the first burst is
/// measured whole.
struct Sampling {
    private static let windowSeconds = 0.02
    private static let windows = 50

    private let perWindow: Double
    private let sample: Double
    private var random: UInt64
    /// 0...1, for this window.
    private(set) var share = 1.0
    private var count = 0
    private var end = MonotonicTime(nanoseconds: .min)
    /// How many runs began in each of the last windows; the oldest is overwritten.
    private var past = Array(repeating: 0, count: windows)
    private var next = 0

    /// - Parameters:
    ///   - perSecond: up to so many runs a second all are measured.
    ///   - sample: of more, so many a second.
    ///   - seed: of the chance by which they are drawn.
    init(perSecond: Double, sample: Double, seed: UInt64) {
        perWindow = perSecond * Self.windowSeconds
        self.sample = sample * Self.windowSeconds
        random = seed | 1
    }

    /// Whether the run that begins now is to be measured.
    mutating func takes(at now: MonotonicTime) -> Bool {
        if now >= end { turn(now) }
        count += 1
        guard share < 1 else { return true }
        // Marsaglia's xorshift: three steps, and random enough for a draw.
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Double(random >> 11) < share * 9_007_199_254_740_992  // 2^53
    }

    private mutating func turn(_ now: MonotonicTime) {
        let late = now.seconds(since: end)
        if late >= Self.windowSeconds * Double(Self.windows) {
            for index in past.indices { past[index] = 0 }
        } else {
            past[next] = count
            next = (next + 1) % Self.windows
        }
        count = 0
        end = now.advanced(bySeconds: Self.windowSeconds)
        let most = past.max() ?? 0
        share = Double(most) > perWindow ? sample / Double(most) : 1
    }
}
