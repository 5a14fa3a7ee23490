/// Sets of queues with slots of their own.
extension SettingsDecoder {
    /// Slots of a worker process, of all its capsules.
    private static let mostSlots = 1000

    /// Reads `capsules`, each `NAME: { concurrency: N, queues: [...] }`.
    ///
    /// - Parameter concurrency: of a capsule that does not say.
    mutating func capsules(in section: Section, concurrency: Int, isSidekiq: Bool) -> [CapsuleSetting] {
        guard let all = subsection(Schema.capsules, in: section) else { return [] }
        var slots = concurrency
        var found: [CapsuleSetting] = []
        for entry in all.entries {
            let title = all.title(of: entry.name)
            checkCapsule(name: entry.name, entry.place, title: title)
            guard let capsule = capsule(entry.value, title: title) else { continue }
            let own = diagnosis.value(Schema.capsuleConcurrency, in: capsule, Schema.capsuleConcurrency.integer)
            let queues = diagnosis.queues(in: capsule, document: document, isSidekiq: isSidekiq)
            let setting = CapsuleSetting(name: entry.name, concurrency: own ?? concurrency, queues: queues)
            let before = slots
            slots += setting.concurrency
            if slots > Self.mostSlots, before <= Self.mostSlots {
                diagnosis.report(
                    entry.place,
                    "with `\(title)` a worker process has \(slots) slots; at most \(Self.mostSlots) together: for more, add "
                        + "`processes`")
            }
            found.append(setting)
        }
        return found
    }

    private mutating func checkCapsule(name: String, _ place: Place, title: String) {
        if name == CapsuleSetting.standardName {
            diagnosis.report(
                place,
                "`\(title)` is what `queues` and `concurrency` of the top level make up; write them there, or call it otherwise"
            )
        } else if !Self.isName(name) {
            diagnosis.report(
                place,
                "\(quoted(name)) cannot be a capsule's name: letters, digits, `_`, `-` and `.`, at most 64, a letter or digit "
                    + "first")
        }
    }

    private mutating func capsule(_ node: YAMLNode, title: String) -> Section? {
        let found = diagnosis.section(node, path: title, document: document)
        guard let capsule = found else {
            diagnosis.report(node.place, "`\(title)` must be \(Schema.capsules.expectation), not \(node.described)")
            return nil
        }
        diagnosis.reportUnknownKeys(in: capsule, known: Schema.capsuleKeys)
        if capsule["queues"] == nil {
            diagnosis.report(node.place, "`\(title)` lacks `queues`: \(Schema.capsuleQueues.expectation)")
        }
        return capsule
    }
}
