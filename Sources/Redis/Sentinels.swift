internal import Platform

/// Asks sentinels where the master is: https://redis.io/docs/latest/develop/reference/sentinel-clients
enum Sentinels {
    /// Seconds to reach one sentinel, and as many for its answer: a dead one must not use up what a failover may take.
    private static let patienceSeconds = 0.5

    /// Which sentinel of a list answered last, for the whole process: the next question goes there first.
    private static let lastAnswering = Monitor<[SentinelOptions: SentinelOptions.Address]>([:])

    /// Tries what each sentinel says, one after the other, until something works.
    ///
    /// - Parameter attempt: is given the server's endpoint, without sentinels; it throws if this is not the master after
    ///   all.
    /// - Throws: what every sentinel came to.
    static func resolve<Result>(
        _ endpoint: RedisEndpoint, _ sentinels: SentinelOptions, _ attempt: (RedisEndpoint) throws(RedisError) -> Result
    ) throws(RedisError) -> Result {
        var reasons: [String] = []
        for address in order(sentinels) {
            do throws(RedisError) {
                let transport = try master(endpoint, sentinels, says: address)
                lastAnswering.withLock { $0[sentinels] = address }
                var server = endpoint
                server.sentinels = nil
                server.transport = transport
                return try attempt(server)
            } catch {
                // A wrong password or the like is the same wherever the master is.
                if case .refused(let refusal) = error, refusal.code != "READONLY" { throw error }
                reasons.append("sentinel \(address.text): \(error)")
            }
        }
        throw .lost("cannot find \(sentinels.master): \(reasons.joined(separator: "; "))")
    }

    /// Whom to ask in which order.
    private static func order(_ sentinels: SentinelOptions) -> [SentinelOptions.Address] {
        guard let last = lastAnswering.withLock({ $0[sentinels] }), sentinels.addresses.contains(last) else {
            return sentinels.addresses
        }
        return [last] + sentinels.addresses.filter { $0 != last }
    }

    /// One sentinel's answer. Blocks, at most about a second.
    private static func master(
        _ endpoint: RedisEndpoint, _ sentinels: SentinelOptions, says address: SentinelOptions.Address
    ) throws(RedisError) -> RedisEndpoint.Transport {
        let sentinel = try RedisConnection.open(
            address, of: sentinels, tls: endpoint.tls, patienceSeconds: patienceSeconds)
        defer { sentinel.close() }
        let reply = try sentinel.call(RedisCommand(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinels.master]))
        // Not passed on as a refusal: another sentinel may know more.
        if let refusal = reply.refusal { throw .lost(refusal.message) }
        guard let parts = reply.elements, parts.count == 2, let host = parts[0].text, let port = parts[1].integer else {
            throw .lost("knows no master named \(sentinels.master)")
        }
        return .tcp(host: host, port: port)
    }
}

extension RedisConnection {
    /// Connects to a sentinel, to ask it things; it keeps no jobs. Blocks.
    ///
    /// - Parameter patienceSeconds: until it is connected, and then for each answer.
    package static func open(
        _ address: SentinelOptions.Address, of sentinels: SentinelOptions, tls: TLSOptions?, patienceSeconds: Double
    ) throws(RedisError) -> RedisConnection {
        let socket = try Socket.connect(
            .tcp(host: address.host, port: address.port), tls: tls, until: .now().advanced(bySeconds: patienceSeconds))
        let connection = RedisConnection(socket, server: address.text, timeoutSeconds: patienceSeconds)
        guard let password = sentinels.password else { return connection }
        let user = sentinels.username.map { [$0] } ?? []
        if let refusal = try connection.call(RedisCommand(["AUTH"] + user + [password])).refusal {
            throw .lost("refuses AUTH: \(refusal.message)")
        }
        return connection
    }

    /// Asks the sentinels whether this is still the server they name. Blocks for about a second a sentinel at the most; on
    /// any thread, since it does not use a connection.
    ///
    /// Why it must be asked: after SENTINEL FAILOVER, or cut off with its clients, the old master goes on taking writes
    /// for many seconds, and nothing tells a client who stays connected that they will be thrown away.
    ///
    /// - Parameter current: the connection's `peer`.
    /// - Returns: why the connection has to be given up; nil if it stands, or if no sentinel answers: that is no reason to
    ///   leave a server that does.
    package static func objection(to current: RedisEndpoint, of endpoint: RedisEndpoint) -> RedisRefusal? {
        guard let sentinels = endpoint.sentinels else { return nil }
        do throws(RedisError) {
            let named = try Sentinels.resolve(endpoint, sentinels) { server throws(RedisError) in server }
            guard named.transport != current.transport else { return nil }
            return RedisRefusal(
                code: "READONLY", message: "\(sentinels.master) is now \(named.redacted), not \(current.redacted)")
        } catch {
            return nil
        }
    }
}
