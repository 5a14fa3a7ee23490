/// One piece of advice: what to do, why, by which arithmetic, and how sure that is.
package struct Recommendation: Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case concurrency, processes, threads, queue, isolate, growth, malloc, pool, latency, hosts
        case outOfMemory = "out_of_memory"
    }

    /// By the size of the sample that it rests on.
    package enum Sureness: String, Sendable, Comparable, CaseIterable {
        case low, medium, high

        package static func < (left: Sureness, right: Sureness) -> Bool {
            (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
        }

        /// By runs that were measured and the time over which they ran.
        package static func of(runs: Int, seconds: Double) -> Sureness {
            if runs < 100 || seconds < 600 { return .low }
            return runs < 1000 || seconds < 3600 ? .medium : .high
        }

        package var lower: Sureness { self == .high ? .medium : .low }
    }

    package var kind: Kind
    /// A sentence or two.
    package var text: String
    /// How it comes about, a step each.
    package var arithmetic: [String] = []
    package var sure: Sureness
    /// Nothing is to be changed.
    package var isKept = false
    /// The key it is about, if it is one: "concurrency".
    package var setting: String?
    /// What it should be.
    package var value: Int?
    /// What it is.
    package var present: Int?
    /// Lines for the configuration.
    package var yaml: String?
    package var jobClass: String?
    package var queue: String?
    package var handler: String?

    init(_ kind: Kind, _ text: String, sure: Sureness) {
        self.kind = kind
        self.text = text
        self.sure = sure
    }
}
