import JobModel

/// A set of queues with slots of its own, as the record of a process shows it.
package struct CapsuleState: Equatable, Sendable {
    package var name: String
    package var concurrency: Int
    /// "strict", "weighted" or "random".
    package var mode: String
    package var queues: [String]

    package init(name: String, concurrency: Int, mode: String, queues: [String]) {
        self.name = name
        self.concurrency = concurrency
        self.mode = mode
        self.queues = queues
    }

    /// Those in the constant part of a record, in its order; empty for Sidekiq up to 8.0.8, which says nothing of them.
    static func all(in info: JSONObject) -> [CapsuleState] {
        object("capsules", in: info).map { capsules in
            capsules.names.compactMap { name in
                object(name, in: capsules).map { capsule in
                    CapsuleState(
                        name: name, concurrency: max(0, min(capsule.integer("concurrency") ?? 0, 1 << 20)),
                        mode: capsule.string("mode") ?? "", queues: object("weights", in: capsule)?.names ?? [])
                }
            }
        } ?? []
    }

    private static func object(_ name: String, in object: JSONObject) -> JSONObject? {
        guard let member = object.member(name), member.kind == .object else { return nil }
        // What was scanned once scans again.
        return try? JSONObject(scanning: Array(object.raw(member)))
    }
}
