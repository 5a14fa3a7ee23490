import Foundation

/// What the scenarios came to when they were last judged good, to notice when one gets worse.
struct Baseline: Codable, Equatable {
    var scenarios: [String: Figures]

    /// How much worse a figure may be, as a part of it, since runs of an unchanged program differ on a machine that is used
    /// by others: processor time by up to 15 %, speed by up to 30 %.
    static let costMargin = 0.3
    static let speedMargin = 0.6

    init(_ scenarios: [String: Figures]) { self.scenarios = scenarios }

    init(json: [UInt8]) throws { self = try JSONDecoder().decode(Baseline.self, from: Data(json)) }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    /// A line for each figure that is worse than here by more than its margin. Scenarios that only one of both has are
    /// passed over.
    ///
    /// - Parameter latencies: the scenarios whose figure of the limit is a latency: the smaller, the better.
    func complaints(about now: [String: Figures], latencies: Set<String>) -> [String] {
        now.sorted { $0.key < $1.key }.flatMap { name, figures -> [String] in
            guard let before = scenarios[name] else { return [] }
            return [
                Self.complaint(
                    "of limit", figures.ofLimit, before.ofLimit, isCost: latencies.contains(name), Self.speedMargin),
                Self.complaint("cost", figures.cost, before.cost, isCost: true, Self.costMargin),
                Self.complaint("calls/s", figures.calls, before.calls, isCost: true, Self.costMargin),
            ].compactMap { $0.map { "\(name): \($0)" } }
        }
    }

    private static func complaint(_ figure: String, _ now: Double?, _ before: Double?, isCost: Bool, _ margin: Double)
        -> String?
    {
        guard let now, let before, now > 0, before > 0 else { return nil }
        let factor = isCost ? now / before : before / now
        guard factor > 1 + margin else { return nil }
        return "\(figure) is \(now), was \(before): \(Int((factor * 100 - 100).rounded())) % worse"
    }
}
