package import JobModel
package import Platform
package import Queueing
package import Redis

/// What a worker does before it can exchange with Redis: find the server, see that it is fit, register, and open a second
/// connection that hears of pushes. Blocks for a few seconds at the most; done by a follower.
package struct RedisGreeting: Sendable {
    /// The connections of one link, and the lease that was taken over them.
    package struct Connections {
        package let data: RedisConnection
        /// Hears of pushes; nil where the server's rules for this user do not let it.
        package let listener: RedisConnection?
        package let leaseEnd: MonotonicTime
    }

    /// Why there is no link.
    package enum Objection: Error, Sendable {
        /// Try again later.
        case unreachable(RedisError)
        /// Nothing that comes by itself: the version, the eviction policy, a cluster.
        case unfit(String)
    }

    let endpoint: Redis.RedisEndpoint
    let name: String
    let identity: String
    let origin: ProcessOrigin
    let queues: [QueueName]

    package init(
        endpoint: Redis.RedisEndpoint, name: String, identity: String, origin: ProcessOrigin, queues: [QueueName]
    ) {
        self.endpoint = endpoint
        self.name = name
        self.identity = identity
        self.origin = origin
        self.queues = queues
    }

    /// Asks the sentinels, if there are any, whether they still name the server that we are connected to. Blocks for about
    /// a second a sentinel at the most; done by a follower.
    func objection(to current: Redis.RedisEndpoint) -> RedisRefusal? {
        RedisConnection.objection(to: current, of: endpoint)
    }

    /// Whether somebody else decides where the server is.
    var hasSentinels: Bool { endpoint.sentinels != nil }
    /// Seconds an answer may take.
    var answerSeconds: Double { endpoint.timeout }

    /// The address as logs may show it.
    package var server: String { endpoint.redacted }

    package func greet() -> Result<Connections, Objection> {
        do throws(RedisError) {
            let data = try RedisConnection.open(endpoint, name: name, scripts: Scripts.all)
            if let objection = try ServerFacts.read(data).objection(allowEviction: false) {
                return .failure(.unfit("\(server): \(objection)"))
            }
            let asked = MonotonicTime.bootTime()
            let beat = ProcessRegistry.Beat(identity: identity, origin: origin)
            _ = try ProcessRegistry.answer(data.call(ProcessRegistry.command(beat)))
            let leaseEnd = asked.advanced(bySeconds: Heartbeat.leaseSeconds)
            let listener = try listener(at: data.peer ?? endpoint)
            return .success(Connections(data: data, listener: listener, leaseEnd: leaseEnd))
        } catch {
            return .failure(.unreachable(error))
        }
    }

    /// - Parameter server: the one the data comes from, even if sentinels would name another by now.
    private func listener(at server: Redis.RedisEndpoint) throws(RedisError) -> RedisConnection? {
        let connection = try RedisConnection.open(server, name: "\(name)-bell")
        guard let number = try connection.call(QueueBell.numberCommand).integer else { return nil }
        let replies = try connection.pipeline(QueueBell.listenCommands(number: number, queues: queues))
        return replies.allSatisfy { $0.refusal == nil } ? connection : nil
    }
}
