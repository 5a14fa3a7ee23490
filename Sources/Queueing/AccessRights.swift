package import JobModel
package import Redis

/// What Redis must let a daemon do, for proving a user of its access list: `config/martlet.acl` grants exactly this.
package enum AccessRights {
    /// Something a user may not do.
    package enum Lack: Hashable, Sendable {
        case command(String)
        case key(String)
        case channel(String)
    }

    /// Finds what the user of a connection lacks. Blocks; nothing is carried out.
    ///
    /// Each command is queued behind MULTI, where Redis looks at the rights already, and all are thrown away by DISCARD.
    /// ACL DRYRUN would need a right of its own, and Redis 7. (A lack is entered in the server's ACL LOG.)
    ///
    /// - Parameter major: whose keys of metrics are written.
    package static func lacks(
        of connection: RedisConnection, queues: [QueueName], as major: SidekiqMajor = .eight
    ) throws(RedisError) -> [Lack] {
        // Without MULTI all that follows would be carried out.
        if let refusal = try connection.call(RedisCommand("MULTI")).refusal {
            guard refusal.code == "NOPERM" else { throw .refused(refusal) }
            return [.command("MULTI")]
        }
        let probes = probes(queues: queues, major)
        let replies = try connection.pipeline(probes.map { RedisCommand($0.words) })
        // A user without DISCARD leaves the transaction to the end of the connection, which throws it away as well.
        let end = try connection.call(RedisCommand("DISCARD"))
        var found: [Lack] = end.refusal?.code == "NOPERM" ? [.command("DISCARD")] : []
        func note(_ lack: Lack) { if !found.contains(lack) { found.append(lack) } }
        for (probe, reply) in zip(probes, replies) {
            guard let refusal = reply.refusal, refusal.code == "NOPERM" else { continue }
            // "… to run the 'hset' command"; otherwise it is what the command touches.
            if refusal.message.contains(" to run ") {
                note(.command(probe.name))
            } else {
                note(probe.object == QueueBell.channel ? .channel(probe.object) : .key(probe.object))
            }
        }
        return found
    }

    private struct Probe {
        let words: [String]
        /// The command with its subcommand.
        let name: String
        /// The key or channel it touches.
        let object: String
    }

    /// Every command that is sent or called by a script, on every kind of key it is used on; none is carried out.
    private static func probes(queues: [QueueName], _ major: SidekiqMajor) -> [Probe] {
        var probes: [Probe] = []
        func add(_ name: String, _ object: String = "", _ more: String...) {
            let words = name.split(separator: " ").map(String.init) + (object.isEmpty ? [] : [object]) + more
            probes.append(Probe(words: words, name: name, object: object))
        }
        for command in ["PING", "INFO", "ROLE", "TIME", "CLIENT ID"] { add(command) }
        add("SELECT", "", "0")
        add("CLIENT SETNAME", "", "martlet-check")
        add("CLIENT TRACKING", "", "OFF")
        add("SCRIPT LOAD", "", "return 0")
        add("EVAL", "", "return 0", "0")
        add("EVALSHA", "", String(repeating: "0", count: 40), "0")
        add("UNSUBSCRIBE", QueueBell.channel)
        add("SUBSCRIBE", QueueBell.channel)

        // A name no process has: nothing of a living one is touched.
        let identity = "martlet-check:0:000000000000"
        for key in [Keys.queues, Keys.processes, Keys.paused] {
            add("SMEMBERS", key)
            add("SREM", key, identity)
        }
        add("SADD", Keys.processes, identity)
        add("SADD", Keys.paused, identity)
        add("SADD", Keys.queues, "default")
        for key in queues.map(Keys.queue) {
            for command in ["LLEN", "TYPE", "EXISTS"] { add(command, key) }
            add("LINDEX", key, "0")
            add("RPOP", key, "0")
            add("LREM", key, "1", identity)
            add("LRANGE", key, "1", "0")
            add("LSET", key, "0", identity)
            for command in ["LPUSH", "RPUSH"] { add(command, key, "") }
        }
        for key in [Keys.schedule, Keys.retry, Keys.dead, Keys.leases] {
            for command in ["ZCARD", "TYPE"] { add(command, key) }
            for command in ["ZREM", "ZSCORE"] { add(command, key, identity) }
            add("ZADD", key, "XX", "0", identity)
            add("ZRANGE", key, "1", "0")
            add("ZSCAN", key, "0")
            add("ZRANGEBYSCORE", key, "(0", "0")
            add("ZREMRANGEBYSCORE", key, "(0", "0")
            add("ZREMRANGEBYRANK", key, "1", "0")
        }
        let hashes = [
            Keys.processRecord(identity), Keys.work(identity), Keys.oldWork(identity), Keys.origin(identity),
            Keys.reservations(identity), Keys.isolated, Keys.isolatedTimes, Keys.cancel, Keys.cancelAnswers,
        ]
        for key in hashes {
            for command in ["HGETALL", "HKEYS", "HLEN", "DEL", "UNLINK"] { add(command, key) }
            for command in ["HGET", "HMGET", "HDEL"] { add(command, key, "-") }
            add("HSET", key, "-", "-")
            add("EXPIRE", key, "0")
        }
        let iteration = Keys.iteration("martlet-check")
        for command in ["HGETALL", "UNLINK", "TTL"] { add(command, iteration) }
        add("HGET", iteration, "cancelled")
        add("HSET", iteration, "-", "-")
        add("EXPIRE", iteration, "0")
        add("COPY", Keys.work(identity), Keys.oldWork(identity))
        add("RPOP", Keys.signals(identity))
        add("GET", Keys.leader)
        add("LPUSH", Keys.signals(identity), "")
        add("EXPIRE", Keys.signals(identity), "0")
        add("EXISTS", Keys.processCleanup)
        for key in [
            Keys.processCleanup, Keys.processed, Keys.failed, Keys.poisoned, Keys.late, Keys.expired,
            "\(Keys.processed):2000-01-01",
            "\(Keys.failed):2000-01-01",
        ] {
            for command in ["GET", "MGET"] { add(command, key) }
            add("INCRBY", key, "0")
            add("EXPIRE", key, "0")
        }
        for key in [Keys.costClasses, Keys.incidents] { add("EXPIRE", key, "0") }
        add("ZADD", Keys.costClasses, "XX", "0", identity)
        for command in ["LRANGE", "LTRIM"] { add(command, Keys.incidents, "0", "-1") }
        add("LPUSH", Keys.incidents, "")
        add("HINCRBY", "j|000101|0:00", "-", "0")
        add("EXPIRE", "j|000101|0:00", "0")
        let histogram =
            switch major {
            case .eight: "h|-1-0:0"
            case .seven: "-01-00:0"
            }
        add("BITFIELD", histogram)
        add("EXPIRE", histogram, "0")
        return probes
    }
}

extension AccessRights.Lack: CustomStringConvertible {
    package var description: String {
        switch self {
        case .command(let name): "the command \(name)"
        case .key(let key): "the key \(key)"
        case .channel(let channel): "the channel \(channel)"
        }
    }
}
