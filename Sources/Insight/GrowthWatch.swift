/// Watches the memory of one process while one run goes on: does it grow, slowly and all the time?
package struct GrowthWatch {
    private struct Look {
        let seconds: Double
        let bytes: Int
    }

    /// Looks that are kept, evenly spread over the time; when there are more, every other one is forgotten.
    private static let maximumLooks = 48
    /// In how many parts of the time it must have grown, in each by half of what it should.
    private static let parts = 4

    private let bytesPerSecond: Double
    private let patience: Double
    private var looks: [Look] = []
    /// Seconds between those that are kept.
    private var spacing = 0.0
    /// Growth that was told last.
    private var told: Int?

    /// - Parameters:
    ///   - bytesPerMinute: of growth that are worth telling.
    ///   - patience: for how many seconds it is looked at before anything is said.
    package init(bytesPerMinute: Int, patience: Double) {
        bytesPerSecond = Double(bytesPerMinute) / 60
        self.patience = patience
    }

    /// What the process had at the first look, in bytes; nil before.
    package var before: Int? { looks.first?.bytes }

    /// - Parameters:
    ///   - bytes: that the process has now.
    ///   - seconds: on any clock; later looks have more.
    /// - Returns: whether to tell of it: when it first grows, and each time it has grown twice as much as was told.
    package mutating func look(bytes: Int, at seconds: Double) -> Bool {
        let look = Look(seconds: seconds, bytes: bytes)
        keep(look)
        guard let first = looks.first, seconds - first.seconds >= patience else { return false }
        let growth = bytes - first.bytes
        if let told { guard growth >= 2 * told else { return false } }
        guard isSteady(from: first, to: look) else { return false }
        told = growth
        return true
    }

    private mutating func keep(_ look: Look) {
        if let last = looks.last, look.seconds - last.seconds < spacing { return }
        if looks.count == Self.maximumLooks {
            looks = looks.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
            spacing = 2 * (look.seconds - looks[0].seconds) / Double(Self.maximumLooks)
        }
        looks.append(look)
    }

    private func isSteady(from first: Look, to last: Look) -> Bool {
        let span = last.seconds - first.seconds
        guard Double(last.bytes - first.bytes) >= bytesPerSecond * span else { return false }
        let needed = Int(bytesPerSecond * span / Double(Self.parts) / 2)
        var edge = first
        for part in 1...Self.parts {
            let end = first.seconds + span * Double(part) / Double(Self.parts)
            let seen = part == Self.parts ? last : looks.last { $0.seconds <= end }
            guard let next = seen, next.bytes - edge.bytes >= needed else {
                return false
            }
            edge = next
        }
        return true
    }
}
