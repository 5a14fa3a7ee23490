package import JobModel

/// Classes that are kept apart: each of their runs gets a process of its own, which ends with it.
extension Dispatcher {
    /// From now on; runs that go on stay where they are. Without effect on classes whose handler has a process for each run
    /// anyway.
    package func isolate(_ jobClass: JobClass) { isolated.insert(jobClass) }

    /// It is done by its handler's other processes again.
    package func release(_ jobClass: JobClass) { isolated.remove(jobClass) }

    /// Where a run goes; nil where a process is spawned for each.
    func pool(of handler: Int, for jobClass: JobClass) -> ServePool? {
        guard let shared = pools[handler], isolated.contains(jobClass), !shared.isSingle, let source = sources[handler]
        else { return pools[handler] }
        if let ward = wards[handler] { return ward }
        let ward = ServePool(
            handlers[handler].forPool.forSingleRuns, index: handler, slots: shared.slots, host: host, source: source,
            ahead: 1, isWard: true)
        // A job that comes all the same is done; its process is not kept for another.
        if shared.isQuiet { ward.quiet() }
        wards[handler] = ward
        return ward
    }

    var allPools: [ServePool] { pools.compactMap { $0 } + wards.values }
}
