/// Where Redis is, as a URL or as a mapping that says more about it.
extension SettingsDecoder {
    mutating func redis(in section: Section) -> RedisSettings {
        guard case .mapping = section["redis"]?.value.content, let mapping = subsection(Schema.redis, in: section)
        else { return diagnosis.valueOrDefault(Schema.redis, in: section, RedisURL.parse) }
        diagnosis.reportUnknownKeys(in: mapping, known: Schema.redisKeys)
        let sentinels = sentinels(in: mapping)
        let hasSentinels = mapping[Schema.redisSentinels.name] != nil
        let url =
            diagnosis.value(Schema.redisURL, in: mapping) { text throws(Mistake) in
                try RedisURL.parse(text, needsHost: !hasSentinels)
            } ?? .server(RedisEndpoint(transport: .tcp(host: "", port: RedisURL.standardPort)))
        guard case .server(var endpoint) = url else {
            refuse(Schema.redisKeys.filter { $0 != Schema.redisURL }, in: mapping, "with an embedded Redis")
            return url
        }
        if !hasSentinels, mapping[Schema.redisURL.name] == nil { endpoint.transport = RedisEndpoint().transport }
        let files = tls(in: mapping)
        if endpoint.tls != nil {
            endpoint.tls = files
        } else if mapping[Schema.redisURL.name].map({ $0.value.text?.hasPrefix("rediss:") == false }) ?? true {
            refuse(
                [Schema.redisAuthorities, Schema.redisCertificate, Schema.redisKey, Schema.redisServerName],
                in: mapping, "without TLS; begin `redis.url` with rediss://")
        }
        endpoint.sentinels = name(sentinels, in: mapping, endpoint)
        endpoint.connectTimeout = diagnosis.valueOrDefault(
            Schema.redisConnectTimeout, in: mapping, Schema.redisConnectTimeout.duration)
        endpoint.timeout = diagnosis.valueOrDefault(Schema.redisTimeout, in: mapping, Schema.redisTimeout.duration)
        return .server(endpoint)
    }

    private mutating func tls(in mapping: Section) -> RedisTLS {
        let base = directory
        func path(_ text: String) throws(Mistake) -> String {
            ExecutableSearch.absolute(try Self.filled(text), from: base)
        }
        let tls = RedisTLS(
            authorities: diagnosis.value(Schema.redisAuthorities, in: mapping, path),
            certificate: diagnosis.value(Schema.redisCertificate, in: mapping, path),
            key: diagnosis.value(Schema.redisKey, in: mapping, path),
            serverName: diagnosis.value(Schema.redisServerName, in: mapping, Self.filled))
        if mapping[Schema.redisCertificate.name] == nil {
            refuse([Schema.redisKey], in: mapping, "without `redis.certificate`, which it belongs to")
        }
        return tls
    }

    /// The sentinels with who we are to them, but not the master's name; nil if there are none.
    private mutating func sentinels(in mapping: Section) -> RedisSentinels? {
        guard let entry = mapping[Schema.redisSentinels.name] else {
            let others = [Schema.redisMaster, Schema.redisSentinelUsername, Schema.redisSentinelPassword]
            refuse(others, in: mapping, "without `redis.sentinels`")
            return nil
        }
        guard let texts = diagnosis.texts(Schema.redisSentinels, in: mapping) else { return nil }
        let addresses = texts.compactMap { item -> RedisSentinels.Address? in
            do throws(Mistake) {
                return try RedisURL.sentinel(item.text)
            } catch {
                diagnosis.report(item.place, "`redis.sentinels` \(error.text)")
                return nil
            }
        }
        if texts.isEmpty { diagnosis.report(entry.place, "`redis.sentinels` is empty; name at least one HOST:PORT") }
        let password = diagnosis.value(Schema.redisSentinelPassword, in: mapping, Self.filled)
        if mapping[Schema.redisSentinelPassword.name] == nil {
            refuse([Schema.redisSentinelUsername], in: mapping, "without `redis.sentinel_password`")
        }
        return RedisSentinels(
            addresses: addresses, master: "",
            username: diagnosis.value(Schema.redisSentinelUsername, in: mapping, Self.filled), password: password)
    }

    /// Finds the master's name, which may stand in the URL instead, where others write it.
    private mutating func name(
        _ sentinels: RedisSentinels?, in mapping: Section, _ endpoint: RedisEndpoint
    ) -> RedisSentinels? {
        guard var sentinels else { return nil }
        guard case .tcp(let host, let port) = endpoint.transport else {
            let place = mapping[Schema.redisURL.name]?.value.place ?? mapping.place
            diagnosis.report(place, "`redis.url` is a socket, but `redis.sentinels` say where the server is; keep one")
            return nil
        }
        let master = diagnosis.value(Schema.redisMaster, in: mapping, Self.filled)
        if let master { sentinels.master = master } else { sentinels.master = host }
        if !host.isEmpty, host != sentinels.master || port != RedisURL.standardPort {
            diagnosis.report(
                mapping[Schema.redisURL.name]?.value.place ?? mapping.place,
                "`redis.url` names a host, but `redis.sentinels` say where the server is; write "
                    + "\(endpoint.tls == nil ? "redis" : "rediss")://USER:PASSWORD@/\(endpoint.database)")
        } else if sentinels.master.isEmpty, mapping[Schema.redisMaster.name] == nil {
            diagnosis.report(
                mapping[Schema.redisSentinels.name]?.place ?? mapping.place,
                "`redis.sentinels` need `redis.master`, the name they call the master by (often mymaster)")
        }
        return sentinels
    }

    /// Reports keys that cannot mean anything here: whoever wrote them believes something that is not so.
    private mutating func refuse(_ keys: [SchemaKey], in mapping: Section, _ reason: String) {
        for key in keys {
            guard let entry = mapping[key.name] else { continue }
            diagnosis.report(entry.place, "`\(key.path)` means nothing \(reason)")
        }
    }

    private static func filled(_ text: String) throws(Mistake) -> String {
        guard !text.isEmpty else { throw Mistake("is empty; remove the line if there is none") }
        guard !text.utf8.contains(0) else { throw Mistake("holds a NUL") }
        return text
    }
}
