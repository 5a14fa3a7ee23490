package import JobModel

/// A set of queues with slots of its own in each worker process, beside those of the top level.
package struct CapsuleSetting: Codable, Equatable, Sendable {
    /// What the set is called that `queues` and `concurrency` of the top level make up.
    package static let standardName = "default"

    /// On one line, never `standardName`.
    package var name: String
    /// Slots, 1 to 1000.
    package var concurrency: Int
    /// In declared order, no name twice, never empty. A queue may stand in several capsules.
    package var queues: [QueueSetting]

    package init(name: String, concurrency: Int, queues: [QueueSetting]) {
        self.name = name
        self.concurrency = concurrency
        self.queues = queues
    }
}

extension Settings {
    /// All of them: first the one that `queues` and `concurrency` make up, then `capsules`.
    package var everyCapsule: [CapsuleSetting] {
        [CapsuleSetting(name: CapsuleSetting.standardName, concurrency: concurrency, queues: queues)] + capsules
    }

    /// Slots of each worker process, those of all capsules together; the most of them if their number is found by
    /// measurement.
    package var slots: Int { capsules.reduce(concurrency) { $0 + $1.concurrency } }

    /// The queues of all capsules, each once, those of the top level first.
    package var allQueues: [QueueName] {
        var names: [QueueName] = []
        for setting in queues + capsules.flatMap(\.queues) where !names.contains(setting.name) {
            names.append(setting.name)
        }
        return names
    }
}
