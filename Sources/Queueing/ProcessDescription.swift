package import JobModel

/// The constant part of a process record: the field `info`.
package struct ProcessDescription: Equatable, Sendable {
    package struct Queue: Equatable, Sendable {
        package var name: QueueName
        /// 0 if none was given.
        package var weight: Int

        package init(name: QueueName, weight: Int) {
            self.name = name
            self.weight = weight
        }
    }

    /// A set of queues with slots of its own.
    package struct Capsule: Equatable, Sendable {
        package var name: String
        package var concurrency: Int
        package var queues: [Queue]

        package init(name: String, concurrency: Int, queues: [Queue]) {
            self.name = name
            self.concurrency = concurrency
            self.queues = queues
        }
    }

    /// `hostname:pid:nonce`, unique per process start.
    package var identity: String
    package var hostname: String
    package var pid: Int32
    package var startedAt: Timestamp
    package var tag: String
    package var labels: [String]
    /// Never empty.
    package var capsules: [Capsule]
    package var version: String

    package init(
        identity: String, hostname: String, pid: Int32, startedAt: Timestamp, tag: String, labels: [String],
        capsules: [Capsule], version: String
    ) {
        self.identity = identity
        self.hostname = hostname
        self.pid = pid
        self.startedAt = startedAt
        self.tag = tag
        self.labels = labels
        self.capsules = capsules
        self.version = version
    }

    /// With another number of slots in the first capsule.
    package func with(concurrency: Int) -> ProcessDescription {
        var copy = self
        copy.capsules[0].concurrency = concurrency
        return copy
    }

    /// Every member that a dashboard of Sidekiq 6 to 8 reads: concurrency also here, queues and weights also outside
    /// of the capsules.
    package var json: [UInt8] {
        let capsules = capsules.map { "\(quote($0.name)):\(json(of: $0))" }.joined(separator: ",")
        let weights = self.capsules.map(weights).joined(separator: ",")
        let text = [
            #""hostname":\#(quote(hostname))"#, #""started_at":\#(startedAt.seconds)"#, #""pid":\#(pid)"#,
            #""tag":\#(quote(tag))"#, #""concurrency":\#(self.capsules.reduce(0) { $0 + $1.concurrency })"#,
            #""capsules":{\#(capsules)}"#, #""queues":[\#(queueNames.map(quote).joined(separator: ","))]"#,
            #""weights":[\#(weights)]"#, #""labels":[\#(labels.map(quote).joined(separator: ","))]"#,
            #""identity":\#(quote(identity))"#, #""version":\#(quote(version))"#, #""embedded":false"#,
        ].joined(separator: ",")
        return Array("{\(text)}".utf8)
    }

    /// Of all capsules, each once.
    private var queueNames: [String] {
        var names: [QueueName] = []
        for queue in capsules.flatMap(\.queues) where !names.contains(queue.name) { names.append(queue.name) }
        return names.map(\.text)
    }

    private func json(of capsule: Capsule) -> String {
        #"{"concurrency":\#(capsule.concurrency),"mode":"\#(capsule.mode)","weights":\#(weights(of: capsule))}"#
    }

    private func weights(of capsule: Capsule) -> String {
        "{" + capsule.queues.map { "\(quote($0.name.text)):\($0.weight)" }.joined(separator: ",") + "}"
    }

    private func quote(_ text: String) -> String { String(decoding: JSONText.quote(text), as: UTF8.self) }
}

extension ProcessDescription.Capsule {
    /// In which order the queues are asked, in Sidekiq's words.
    var mode: String {
        if queues.allSatisfy({ $0.weight == 0 }) { return "strict" }
        return queues.allSatisfy { $0.weight == 1 } ? "random" : "weighted"
    }
}
