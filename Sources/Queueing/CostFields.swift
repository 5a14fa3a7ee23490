import Insight
import JobModel
import Redis

/// How costs are written down: the fields of a window's hash, and how long all that is kept.
///
/// Names are short, and buckets are plain numbers, so that Redis keeps a class's hash as one compact list.
enum CostFields {
    /// The class that stands for all that find no room.
    static let others = "(other)"
    static let mostClasses = 1000
    /// How long an unanswered parcel can wait to be sent again, and still be known.
    static let parcelSeconds = 3600
    static let minutes = 60
    static let minuteSeconds = minutes * 60 + 120
    static let hours = 72
    static let hourSeconds = hours * 3600 + 3600

    /// In the order of `ClassCost.sums`; docs/reference/redis-keys.md explains them.
    private static let sums = ["n", "f", "w", "out", "m", "est", "mw", "cpu", "rq", "nc", "mem", "kept"]
    /// In the order of `ClassCost.largest`.
    private static let largest = ["peak", "most"]
    /// Bucket b of the sketch s, in the order of `ClassCost.sketches`, is field 1000 s + b.
    private static let sketchStep = 1000
    private static let queuePrefix = "q:"
    private static let since = "since"

    /// What is added to the numbers that are there.
    static func added(_ cost: ClassCost) -> [(field: String, number: Int)] {
        precondition(sums.count == ClassCost.sums.count, "each sum has a field")
        var fields = zip(sums, ClassCost.sums).map { ($0, cost[keyPath: $1]) }.filter { $0.1 != 0 }
        for (index, sketch) in ClassCost.sketches.enumerated() {
            for (bucket, count) in cost[keyPath: sketch].counts.sorted(by: { $0.key < $1.key }) {
                fields.append((String(index * sketchStep + bucket), count))
            }
        }
        return fields + cost.queues.entries.map { (queuePrefix + $0.queue, $0.runs) }
    }

    /// What replaces a smaller number.
    static func raised(_ cost: ClassCost) -> [(field: String, number: Int)] {
        precondition(largest.count == ClassCost.largest.count, "each largest value has a field")
        return zip(largest, ClassCost.largest).map { ($0, cost[keyPath: $1]) }.filter { $0.1 != 0 }
    }

    /// - Returns: nil if nothing lies there.
    static func read(_ reply: RedisReply) throws(RedisError) -> (cost: ClassCost, since: Timestamp?)? {
        guard let pairs = try reply.accepted().pairs, !pairs.isEmpty else { return nil }
        var cost = ClassCost()
        var began: Timestamp?
        for (name, value) in pairs {
            guard let name = name.text, let value = value.integer else { continue }
            // Anybody may have written it: sums over all windows, classes and buckets must not overflow.
            let number = max(0, min(value, 1 << 44))
            if let index = sums.firstIndex(of: name) {
                cost[keyPath: ClassCost.sums[index]] = number
            } else if let index = largest.firstIndex(of: name) {
                cost[keyPath: ClassCost.largest[index]] = number
            } else if name == since {
                began = Timestamp(milliseconds: Int64(number) * 1000)
            } else if name.hasPrefix(queuePrefix) {
                cost.queues.add(number, from: String(name.dropFirst(queuePrefix.count)))
            } else if let field = Int(name), field >= 0, field / sketchStep < ClassCost.sketches.count {
                cost[keyPath: ClassCost.sketches[field / sketchStep]].add(number, toBucket: field % sketchStep)
            }
        }
        return (cost, began)
    }
}
