package import Redis

/// The scripts beside this file, embedded when it is compiled.
package enum Scripts {
    static let exchange = LuaScript(name: "exchange", source: PackageResources.exchange_lua)
    static let chunk = LuaScript(name: "chunk", source: PackageResources.chunk_lua)
    static let beat = LuaScript(name: "beat", source: PackageResources.beat_lua)
    static let deregister = LuaScript(name: "deregister", source: PackageResources.deregister_lua)
    static let rescue = LuaScript(name: "rescue", source: PackageResources.rescue_lua)
    static let due = LuaScript(name: "due", source: PackageResources.due_lua)
    static let upcoming = LuaScript(name: "upcoming", source: PackageResources.upcoming_lua)
    static let promote = LuaScript(name: "promote", source: PackageResources.promote_lua)
    static let cost = LuaScript(name: "cost", source: PackageResources.cost_lua)
    static let request = LuaScript(name: "request", source: PackageResources.request_lua)
    static let cancel = LuaScript(name: "cancel", source: PackageResources.cancel_lua)
    static let iteration = LuaScript(name: "iteration", source: PackageResources.iteration_lua)
    static let promise = LuaScript(name: "promise", source: PackageResources.promise_lua)
    static let prune = LuaScript(name: "prune", source: PackageResources.prune_lua)
    static let slice = LuaScript(name: "slice", source: PackageResources.slice_lua)
    static let transfer = LuaScript(name: "transfer", source: PackageResources.transfer_lua)
    static let clear = LuaScript(name: "clear", source: PackageResources.clear_lua)
    static let order = LuaScript(name: "order", source: PackageResources.order_lua)

    /// What a process loads when it opens a connection (`RedisConnection.open`).
    package static let all = [
        promise, exchange, chunk, beat, deregister, rescue, upcoming, due, promote, cost, prune, iteration,
    ]

    /// What an operator's command may run.
    package static let forOperators = [request, cancel, slice, transfer, clear, order]
}
