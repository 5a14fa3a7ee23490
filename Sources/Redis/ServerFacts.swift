/// What INFO says about a server, as far as jobs depend on it.
package struct ServerFacts: Equatable, Sendable {
    /// Which version of Redis it is, or is compatible with: "7.0.15". Empty if it does not say.
    package var version: String
    /// Its own name and version, for people: "Redis 7.0.15", "Valkey 8.0.1". Empty if it does not say.
    package var product: String
    /// "noeviction" or one of the policies that delete keys when memory is full. Empty if it does not say.
    package var maxmemoryPolicy: String
    package var clusterEnabled: Bool
    /// True while it reads its data from disk and answers LOADING.
    package var loading: Bool

    /// Reads INFO, blocking.
    package static func read(_ connection: RedisConnection) throws(RedisError) -> ServerFacts {
        ServerFacts(info: try connection.call(RedisCommand("INFO")).accepted().text ?? "")
    }

    /// - Parameter info: INFO's lines, "name:value".
    package init(info: String) {
        var values: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon]] = line[line.index(after: colon)...]
        }
        version = values["redis_version"].map(String.init) ?? ""
        // Valkey counts its own versions, and names the last of Redis that it is compatible with beside them.
        if values["server_name"] == "valkey", let own = values["valkey_version"] {
            product = "Valkey \(own)"
        } else {
            product = version.isEmpty ? "" : "Redis \(version)"
        }
        maxmemoryPolicy = values["maxmemory_policy"].map(String.init) ?? ""
        clusterEnabled = values["cluster_enabled"] == "1"
        loading = values["loading"] == "1"
    }

    /// Why jobs must not be kept in this server, with what to do about it; nil if nothing speaks against it.
    ///
    /// What a server does not say is not held against it: some that speak the protocol leave INFO nearly empty.
    /// - Parameter allowEviction: whether the operator accepts that a full server drops jobs.
    package func objection(allowEviction: Bool) -> String? {
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        if numbers.count >= 2, (numbers[0], numbers[1]) < (6, 2) {
            return "\(product) is too old: Martlet needs 6.2 or later (RPOP with a count); upgrade the server"
        }
        if clusterEnabled {
            return "this Redis is a cluster, and a job's queue and reservation lie in different slots; "
                + "use a server with cluster-enabled no (Sentinel for failover)"
        }
        if !allowEviction, !maxmemoryPolicy.isEmpty, maxmemoryPolicy != "noeviction" {
            return "maxmemory-policy is \(maxmemoryPolicy), so a full Redis would delete jobs; "
                + "run: redis-cli config set maxmemory-policy noeviction, and put it into redis.conf"
        }
        return nil
    }
}
