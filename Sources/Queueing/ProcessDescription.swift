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

    /// `hostname:pid:nonce`, unique per process start.
    package var identity: String
    package var hostname: String
    package var pid: Int32
    package var startedAt: Timestamp
    package var tag: String
    package var labels: [String]
    package var queues: [Queue]
    package var concurrency: Int
    package var version: String

    package init(
        identity: String, hostname: String, pid: Int32, startedAt: Timestamp, tag: String, labels: [String],
        queues: [Queue], concurrency: Int, version: String
    ) {
        self.identity = identity
        self.hostname = hostname
        self.pid = pid
        self.startedAt = startedAt
        self.tag = tag
        self.labels = labels
        self.queues = queues
        self.concurrency = concurrency
        self.version = version
    }

    package func with(concurrency: Int) -> ProcessDescription {
        var copy = self
        copy.concurrency = concurrency
        return copy
    }

    /// Every member that a dashboard of Sidekiq 6 to 8 reads: concurrency also here, queues and weights also outside
    /// of the capsule.
    package var json: [UInt8] {
        let weights = "{" + queues.map { "\(quote($0.name.text)):\($0.weight)" }.joined(separator: ",") + "}"
        let names = queues.map { quote($0.name.text) }.joined(separator: ",")
        let capsule = #"{"concurrency":\#(concurrency),"mode":"\#(mode)","weights":\#(weights)}"#
        let text = [
            #""hostname":\#(quote(hostname))"#, #""started_at":\#(startedAt.seconds)"#, #""pid":\#(pid)"#,
            #""tag":\#(quote(tag))"#, #""concurrency":\#(concurrency)"#, #""capsules":{"default":\#(capsule)}"#,
            #""queues":[\#(names)]"#, #""weights":[\#(weights)]"#,
            #""labels":[\#(labels.map(quote).joined(separator: ","))]"#, #""identity":\#(quote(identity))"#,
            #""version":\#(quote(version))"#, #""embedded":false"#,
        ].joined(separator: ",")
        return Array("{\(text)}".utf8)
    }

    private var mode: String {
        if queues.allSatisfy({ $0.weight == 0 }) { return "strict" }
        return queues.allSatisfy { $0.weight == 1 } ? "random" : "weighted"
    }

    private func quote(_ text: String) -> String { String(decoding: JSONText.quote(text), as: UTF8.self) }
}
