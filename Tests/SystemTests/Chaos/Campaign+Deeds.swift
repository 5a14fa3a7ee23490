import Platform
import Redis
import TestSupport

/// How deeds are done, and what is written down about each.
extension Campaign {
    func perform(_ deed: Deed) {
        let done =
            switch deed {
            case .killWorker(let name, let victim): killWorker(host(name), victim, deed)
            case .killHandler(let name, let victim): killHandler(host(name), victim, deed)
            case .killScheduler(let name): killScheduler(host(name), deed)
            case .killSupervisor(let name, let seconds): killSupervisor(host(name), seconds, deed)
            case .killHost(let name, let seconds): killHost(host(name), seconds, deed)
            case .killRedis(let seconds): killRedis(seconds, deed)
            case .freezeWorker(let name, let victim, let seconds): freezeWorker(host(name), victim, seconds, deed)
            case .freezeScheduler(let name, let seconds):
                freeze(host(name).schedulers.first, seconds, hit(deed, seconds, disturbs: [name]))
            case .stop(let name, let manner): stop(host(name), manner, deed)
            case .reload(let name): reload(host(name), deed)
            case .moveClock(let name, let seconds): moveClock(host(name), seconds, deed)
            default: disturb(deed)
            }
        if done { counts[deed.title, default: 0] += 1 }
    }

    private func hit(
        _ deed: Deed, _ seconds: Double = 0, scope: Ledgers.Hit.Scope = .nobody, disturbs: Set<Deed.HostName> = [],
        mostRuns: Int = 0, isFreeze: Bool = false
    ) -> Ledgers.Hit {
        Ledgers.Hit(
            title: deed.title, at: now, until: now + seconds, scope: scope, disturbs: disturbs, mostRuns: mostRuns,
            isFreeze: isFreeze, isKill: deed.isKill)
    }

    private var allHosts: Set<Deed.HostName> { Set(hosts.map(\.name)) }
    private static let mostOfHost = ChaosHost.processes * ChaosHost.mostHeld

    // MARK: Kills

    private func killWorker(_ host: ChaosHost, _ victim: Int, _ deed: Deed) -> Bool {
        let workers = host.workers
        guard !workers.isEmpty else { return false }
        let pid = workers[victim % workers.count]
        guard let there = host.pidThere(pid), let entry = ProcessEntry(pid: pid) else { return false }
        let held = isRedisDown ? [] : holdings { $0.hasPrefix("\(host.identityPrefix(of: pid) ?? "?")") }
        var hit = hit(deed, scope: .worker(host.name, there), mostRuns: ChaosHost.mostHeld)
        guard ProcessTree.send(.kill, to: entry) else { return false }
        hit.until = now
        hits.append(hit)
        for (identity, jobs) in held {
            watch.watch(identity, .init(kind: .worker, host: host.name, from: hit.at, jobs: jobs))
        }
        return true
    }

    private func killHandler(_ host: ChaosHost, _ victim: Int, _ deed: Deed) -> Bool {
        let handlers = host.handlers
        guard !handlers.isEmpty else { return false }
        let entry = handlers[victim % handlers.count]
        guard let there = host.pidThere(entry.pid) else { return false }
        let hit = hit(deed, scope: .handler(host.name, there), mostRuns: 4)
        guard ProcessTree.send(.kill, to: entry) else { return false }
        hits.append(hit)
        return true
    }

    private func killScheduler(_ host: ChaosHost, _ deed: Deed) -> Bool {
        guard let entry = host.schedulers.first.flatMap({ ProcessEntry(pid: $0) }) else { return false }
        hits.append(hit(deed, 0.5, disturbs: [host.name]))
        return ProcessTree.send(.kill, to: entry)
    }

    private func killSupervisor(_ host: ChaosHost, _ backAfter: Double, _ deed: Deed) -> Bool {
        guard host.isRunning else { return false }
        fell(host, deed, backAfter) { host.daemon.signal(.kill) }
        return true
    }

    private func killHost(_ host: ChaosHost, _ backAfter: Double, _ deed: Deed) -> Bool {
        guard host.isRunning else { return false }
        let held = isRedisDown ? [] : holdings(host.isHome)
        let at = now
        let isGone = backAfter > 20
        fell(host, deed, backAfter) { host.killAll() }
        guard !held.isEmpty else { return true }
        let begin: (RecoveryWatch.Kind, Double) = isGone ? (.host, 0) : (.tree, backAfter)
        // One that lives apart comes back as another host would: only leases tell of it.
        let kind = host.name == .b ? .host : begin.0
        later(kind == .host ? 0 : begin.1) { [unowned self] in
            let from = kind == .host ? at : now
            for (identity, jobs) in held {
                watch.watch(identity, .init(kind: kind, host: host.name, from: from, jobs: jobs))
            }
        }
        return true
    }

    /// Ends a host's supervisor by `blow`; whoever is left then is to end by himself.
    private func fell(_ host: ChaosHost, _ deed: Deed, _ backAfter: Double, _ blow: () -> Void) {
        var hit = hit(deed, scope: .host(host.name), disturbs: [host.name], mostRuns: Self.mostOfHost)
        host.phase = .down(since: hit.at)
        blow()
        host.daemon.waitForExit(within: 20)
        hit.until = now + backAfter
        hits.append(hit)
        let index = hits.count - 1
        later(backAfter) { [unowned self] in
            hits[index].until = now
            bringBack(host)
        }
    }

    private func killRedis(_ backAfter: Double, _ deed: Deed) -> Bool {
        guard !isRedisDown else { return false }
        isRedisDown = true
        let index = hits.count
        hits.append(hit(deed, backAfter + 1, disturbs: allHosts))
        server.stop()
        later(backAfter) { [unowned self] in
            server.start()
            isRedisDown = false
            hits[index].until = now
        }
        return true
    }

    /// Processes that have something reserved, and how much.
    private func holdings(_ isMeant: (String) -> Bool) -> [(identity: String, jobs: Int)] {
        let identities = desk.ask("ZRANGE", "martlet:processes", "0", "-1")?.elements?.compactMap(\.text) ?? []
        let mine = identities.filter(isMeant)
        let replies = desk.ask(mine.map { RedisCommand(["HLEN", "martlet:reservations:\($0)"]) }) ?? []
        return zip(mine, replies).compactMap { identity, reply in
            reply.integer.flatMap { $0 > 0 ? (identity, $0) : nil }
        }
    }

    // MARK: Freezes

    private func freezeWorker(_ host: ChaosHost, _ victim: Int, _ seconds: Double, _ deed: Deed) -> Bool {
        let workers = host.workers
        guard !workers.isEmpty else { return false }
        let pid = workers[victim % workers.count]
        guard let there = host.pidThere(pid), !frozen.contains(where: { $0.entry.pid == pid }) else { return false }
        // One that comes back in time is not taken for dead, so nothing of it may run twice.
        let isLong = seconds > Ledgers.leaseSeconds - 6
        var hit = hit(
            deed, seconds, scope: isLong ? .worker(host.name, there) : .nobody, mostRuns: ChaosHost.mostHeld,
            isFreeze: isLong)
        hit.frozen = .worker(host.name, there)
        return freeze(pid, seconds, hit)
    }

    private func freeze(_ pid: Int32?, _ seconds: Double, _ hit: Ledgers.Hit) -> Bool {
        guard let entry = pid.flatMap({ ProcessEntry(pid: $0) }), ProcessTree.send(.stop, to: entry) else {
            return false
        }
        let index = hits.count
        hits.append(hit)
        frozen.append((entry, index))
        later(seconds) { [unowned self] in
            ProcessTree.send(.continue, to: entry)
            frozen.removeAll { $0.entry == entry }
            hits[index].until = now
        }
        return true
    }

    // MARK: Orders

    private func stop(_ host: ChaosHost, _ manner: Deed.StopManner, _ deed: Deed) -> Bool {
        // With children there is somebody who hears signals.
        guard host.isRunning, host.schedulers.count == 1 else { return false }
        var hit = hit(deed, 10, scope: .host(host.name), disturbs: [host.name], mostRuns: Self.mostOfHost)
        hit.isStop = true
        let pause = 0.3
        switch manner {
        case .term, .termTwice:
            hits.append(hit)
            host.phase = .stopping(since: hit.at)
            host.daemon.signal(.terminate)
            if manner == .termTwice {
                later(pause) {
                    // It may have ended by then, and another one may have begun.
                    if host.phase == .stopping(since: hit.at) { host.daemon.signal(.terminate) }
                }
            }
        case .termThenKill:
            host.daemon.signal(.terminate)
            host.phase = .stopping(since: hit.at)
            later(pause) { [unowned self] in
                guard host.phase == .stopping(since: hit.at), host.daemon.isRunning else { return }
                for index in hits.indices where hits[index].at == hit.at { hits[index].until = now }
                fell(host, deed, 0.5) { host.daemon.signal(.kill) }
            }
            hits.append(hit)
        }
        return true
    }

    private func reload(_ host: ChaosHost, _ deed: Deed) -> Bool {
        guard host.isRunning, host.schedulers.count == 1 else { return false }
        // The old scheduler ends last and the new one needs a moment.
        hits.append(hit(deed, 3, disturbs: [host.name]))
        host.daemon.signal(.hangup)
        return true
    }

    private func moveClock(_ host: ChaosHost, _ seconds: Double, _ deed: Deed) -> Bool {
        hits.append(hit(deed))
        host.moveClock(bySeconds: seconds)
        return true
    }

    // MARK: The way to Redis

    private func disturb(_ deed: Deed) -> Bool {
        switch deed {
        case .cutConnections(let name):
            hits.append(hit(deed, 0.5, disturbs: [name]))
            host(name).proxy.cutAll()
        case .killClients:
            guard !isRedisDown else { return false }
            hits.append(hit(deed, 0.5, disturbs: allHosts))
            _ = desk.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        case .refuseConnections(let name, let seconds):
            hits.append(hit(deed, seconds, disturbs: [name]))
            let proxy = host(name).proxy
            proxy.refuse(true)
            proxy.cutAll()
            later(seconds) { proxy.refuse(false) }
        case .slowConnections(let name, let latency, let seconds):
            hits.append(hit(deed, seconds, disturbs: [name]))
            let proxy = host(name).proxy
            proxy.slow(bySeconds: latency)
            later(seconds) { proxy.slow(bySeconds: 0) }
        case .spoil(let name, let command, let kind):
            // It waits for the command at most a few seconds, and then lasts as long as patience does.
            var hit = hit(deed, 8, disturbs: [name])
            hit.sparesRescue = ["exchange", "beat", "HKEYS"].contains(command)
            let proxy = host(name).proxy
            spoiling.append((host(name), hits.count, Self.seconds(kind)))
            hits.append(hit)
            proxy.inject(Self.fault(kind), on: command, number: 3)
            later(4) { proxy.relent() }
            // A connection on which nothing passes any more is not kept for ever.
            if kind == .halfOpen { later(7) { proxy.cutAll() } }
        case .forgetScripts:
            guard !isRedisDown else { return false }
            hits.append(hit(deed))
            _ = desk.ask("SCRIPT", "FLUSH")
        default: return false
        }
        return true
    }

    /// How long it is felt.
    private static func seconds(_ spoiling: Deed.Spoiling) -> Double {
        switch spoiling {
        case .stall, .delay, .halfOpen: 4
        case .cutBefore, .cutAfter, .refuse, .fragment, .garble: 0.5
        }
    }

    private static func fault(_ spoiling: Deed.Spoiling) -> Fault {
        switch spoiling {
        case .cutBefore: .cutBefore
        case .cutAfter: .cutAfter
        case .stall: .stall(2)
        case .delay: .delay(3.5)
        case .halfOpen: .halfOpen
        case .refuse: .refuse("LOADING Redis is loading the dataset in memory")
        case .fragment: .fragment
        case .garble: .garble
        }
    }
}
