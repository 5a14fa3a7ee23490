/// How often values of some size occurred: eight buckets to each doubling, so that a quantile is known to 6 %, whatever the
/// values are. Sketches of several processes are added bucket by bucket.
package struct Sketch: Equatable, Sendable {
    /// Counts by bucket; those that are 0 are left out.
    package private(set) var counts: [Int: Int] = [:]
    package private(set) var total = 0

    /// Buckets are numbered 0 ... `lastBucket`; the last takes all that is larger, about 2^48.
    package static let lastBucket = 46 * 8 + 7

    package init() {}

    /// - Parameter value: in whatever unit the sketch is of; what is negative counts as 0.
    package mutating func add(_ value: Int) { add(1, toBucket: Self.bucket(of: value)) }

    /// Adds what another one counted. Counts below 1 and buckets that do not exist are passed over: they come from Redis.
    package mutating func add(_ count: Int, toBucket bucket: Int) {
        guard count > 0, 0...Self.lastBucket ~= bucket else { return }
        counts[bucket, default: 0] += count
        total += count
    }

    package mutating func merge(_ other: Sketch) {
        for (bucket, count) in other.counts { add(count, toBucket: bucket) }
    }

    /// The value that this share of all values does not exceed; nil if there are none.
    ///
    /// - Parameter share: 0...1.
    package func quantile(_ share: Double) -> Int? {
        guard total > 0 else { return nil }
        let rank = max(1, Int((share * Double(total)).rounded(.up)))
        var seen = 0
        for bucket in counts.keys.sorted() {
            seen += counts[bucket] ?? 0
            if seen >= rank { return Self.middle(of: bucket) }
        }
        return nil
    }

    /// Values up to 15 have a bucket each; from there on each doubling has eight.
    static func bucket(of value: Int) -> Int {
        guard value >= 8 else { return max(0, value) }
        let exponent = Int.bitWidth - 1 - value.leadingZeroBitCount
        return min((exponent - 2) * 8 + (value >> (exponent - 3)) & 7, lastBucket)
    }

    static func middle(of bucket: Int) -> Int {
        guard bucket >= 16 else { return bucket }
        let width = 1 << (bucket / 8 - 1)
        return (8 + bucket % 8) * width + width / 2
    }
}
