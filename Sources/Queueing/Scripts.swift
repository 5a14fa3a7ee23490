package import Redis

/// The scripts beside this file, embedded when it is compiled.
package enum Scripts {
    static let exchange = LuaScript(name: "exchange", source: PackageResources.exchange_lua)

    /// What a process loads when it opens a connection (`RedisConnection.open`).
    package static let all = [exchange]
}
