internal import Platform

extension RedisConnection {
    /// Connects and makes sure that this is a server one may write to. With sentinels: to the one they name.
    ///
    /// Blocks, at most until the time-outs (and about a second for each sentinel that does not answer). While the server loads its data it answers LOADING: refused, try again later.
    /// - Parameters:
    ///   - connectTimeout: seconds until the connection must stand; without, the endpoint's.
    ///   - timeout: seconds a blocking call waits without anything being sent or received; without, the endpoint's.
    ///   - name: what CLIENT LIST shows; characters it does not allow become "-".
    ///   - scripts: are loaded, so that they can be called by digest.
    /// - Throws: errors name the server and what was being done.
    package static func open(
        _ endpoint: RedisEndpoint, connectTimeout: Double? = nil, timeout: Double? = nil, name: String,
        scripts: [LuaScript] = []
    ) throws(RedisError) -> RedisConnection {
        var endpoint = endpoint
        endpoint.connectTimeout = connectTimeout ?? endpoint.connectTimeout
        endpoint.timeout = timeout ?? endpoint.timeout
        guard let sentinels = endpoint.sentinels else { return try connect(endpoint, name: name, scripts: scripts) }
        return try Sentinels.resolve(endpoint, sentinels) { server throws(RedisError) in
            try connect(server, name: name, scripts: scripts)
        }
    }

    private static func connect(
        _ endpoint: RedisEndpoint, name: String, scripts: [LuaScript]
    ) throws(RedisError) -> RedisConnection {
        let server = endpoint.redacted
        let connection: RedisConnection
        do {
            let deadline = MonotonicTime.now().advanced(bySeconds: endpoint.connectTimeout)
            let socket = try Socket.connect(endpoint.transport, tls: endpoint.tls, until: deadline)
            connection = RedisConnection(socket, server: server, timeoutSeconds: endpoint.timeout)
        } catch .lost(let reason) {
            throw .lost("cannot reach \(server): \(reason)")
        } catch .timedOut(let doing) {
            throw .timedOut(doing: "\(doing) \(doing == "connecting" ? "to" : "with") \(server)")
        }
        connection.peer = endpoint
        try connection.greet(endpoint, name: name, scripts: scripts)
        return connection
    }

    private func greet(_ endpoint: RedisEndpoint, name: String, scripts: [LuaScript]) throws(RedisError) {
        var steps: [(doing: String, command: RedisCommand)] = []
        if let password = endpoint.password {
            let user = endpoint.username.map { [$0] } ?? []
            steps.append(("AUTH", RedisCommand(["AUTH"] + user + [password])))
        }
        if endpoint.database != 0 {
            steps.append(("SELECT", RedisCommand(["SELECT", String(endpoint.database)])))
        }
        for script in scripts {
            var load = RedisCommand(["SCRIPT", "LOAD"])
            load.add(script.source)
            steps.append(("SCRIPT LOAD", load))
        }
        let printable = String(name.map { $0.isASCII && $0 > " " && $0 <= "~" ? $0 : "-" })
        let replies = try pipeline(
            steps.map(\.command) + [RedisCommand(["CLIENT", "SETNAME", printable]), RedisCommand("ROLE")])
        for (step, reply) in zip(steps, replies) {
            guard let refusal = reply.refusal else { continue }
            close()
            throw .refused(
                RedisRefusal(code: refusal.code, message: "\(server) refuses \(step.doing): \(refusal.message)"))
        }
        for (script, reply) in zip(scripts, replies.dropLast(2).suffix(scripts.count)) {
            if let digest = reply.bytes { remember(script, digest: digest) }
        }
        // The name is an ornament: a user whose ACL lacks it works without.
        try refuseReplica(replies[replies.count - 1])
    }

    /// Asks, blocking, whether this server is still one that may be written to.
    ///
    /// - Throws: `refused` with READONLY if it is a replica by now; the connection is closed then.
    package func confirmMaster() throws(RedisError) { try refuseReplica(try call(RedisCommand("ROLE"))) }

    /// A replica would take no write, and a demoted master shows no error to who stays connected. A user who may not
    /// ask (NOPERM) learns it by READONLY instead.
    private func refuseReplica(_ reply: RedisReply) throws(RedisError) {
        if let refusal = reply.refusal {
            guard refusal.code != "NOPERM" else { return }
            close()
            throw .refused(RedisRefusal(code: refusal.code, message: "\(server) refuses ROLE: \(refusal.message)"))
        }
        guard let role = reply.elements?.first?.text, role != "master" else { return }
        close()
        throw .refused(
            RedisRefusal(
                code: "READONLY",
                message: "READONLY \(server) is a \(role == "slave" ? "replica" : role); jobs need the master"))
    }
}
