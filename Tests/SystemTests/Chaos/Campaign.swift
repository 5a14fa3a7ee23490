import Foundation
import Platform
import Redis
import TestSupport
import Testing

/// A campaign: a service on one or two hosts, a producer, and a schedule of harm. It ends with ledgers to be judged.
///
/// One thread does it all, in turns of a few milliseconds; only the producer has a thread of its own.
final class Campaign {
    struct Settings {
        var seed: UInt64
        var seconds: Double
        var binary = Program.martlet
        /// Jobs that should lie in the queues.
        var backlog = 1000
        var hasSecondHost = ChaosHost.canBeApart
    }

    let settings: Settings
    let server: RedisServer
    let hosts: [ChaosHost]
    let desk: RedisDesk
    private let directory = TemporaryDirectory()
    // Redis writes to its file before it answers, and memory is quick: what a slow disk would make it forget when it is
    // killed is not what is asked here.
    private let redisFiles = TemporaryDirectory(in: "/dev/shm")

    var hits: [Ledgers.Hit] = []
    var silences: [Ledgers.Silence] = []
    var watch = RecoveryWatch()
    var counts: [String: Int] = [:]
    var peak = Census()
    var agenda: [(at: Double, run: () -> Void)] = []
    var frozen: [(entry: ProcessEntry, hit: Int)] = []
    var isRedisDown = false
    /// Faults of the proxies that did not happen yet, or have only just.
    var spoiling: [(host: ChaosHost, hit: Int, lasts: Double)] = []
    private var nextCensus = 0.0
    private var quietSpans: (Range<Double>, Range<Double>)?

    init(_ settings: Settings) throws {
        self.settings = settings
        server = RedisServer([
            "--appendonly", "yes", "--appendfsync", "always", "--dir", redisFiles.path,
        ])
        let ledger = directory.path + "/runs"
        let names: [Deed.HostName] = settings.hasSecondHost ? [.a, .b] : [.a]
        let server = server
        hosts = try names.map { try ChaosHost($0, server: server, ledger: ledger, binary: settings.binary) }
        desk = RedisDesk(server.endpoint)
    }

    /// Whatever happened, nothing is left running.
    func end() {
        thawAll()
        for host in hosts { host.end() }
        server.stop()
    }

    /// CLOCK_MONOTONIC, in seconds, as handlers write it too.
    var now: Double { Double(MonotonicTime.now().nanoseconds) / 1e9 }

    func host(_ name: Deed.HostName) -> ChaosHost { hosts.first { $0.name == name } ?? hosts[0] }

    // MARK: The course

    func run() throws -> Ledgers {
        // In a long campaign it is quiet at first and at last, to compare what is done a second.
        let quiet = settings.seconds >= 120 ? 10.0 : 0
        let schedule = Schedule(
            seed: settings.seed, seconds: settings.seconds - 2 * quiet, hasSecondHost: hosts.count > 1)
        for host in hosts {
            host.daemon.start()
            try #require(host.daemon.isRunning, "\(host.daemon.log)")
        }
        let descriptors = hosts.map { Self.descriptors(of: $0) }
        let producer = ChaosProducer(server.endpoint, seed: settings.seed, backlog: settings.backlog)
        let start = now
        for entry in schedule.entries {
            while now < start + quiet + entry.at { turn() }
            perform(entry.deed)
        }
        while now < start + settings.seconds - quiet { turn() }
        calm()
        if quiet > 0 {
            let calmed = now
            while now < calmed + quiet { turn() }
            quietSpans = (start + 2..<start + quiet, calmed + 2..<calmed + quiet)
        }
        var ledgers = Ledgers()
        ledgers.pushed = producer.stop()
        ledgers.hurriedFrom = now
        comeToRest()
        ledgers.final = walk()
        ledgers.final.strays += descriptorStrays(since: descriptors)
        stopAll()
        ledgers.final.strays += leftBehind()
        let runs = RunLedger(try Data(contentsOf: URL(fileURLWithPath: directory.path + "/runs")))
        ledgers.runs = runs.runs
        ledgers.unreadable = runs.unreadable
        ledgers.hits = hits
        ledgers.silences = silences
        return ledgers
    }

    /// What has its time is done; who is watched is looked at.
    private func turn() {
        let time = now
        for item in agenda where item.at <= time { item.run() }
        agenda.removeAll { $0.at <= time }
        for host in hosts { look(after: host) }
        for item in spoiling where item.host.proxy.isSpent {
            hits[item.hit].until = min(hits[item.hit].until, time + item.lasts)
        }
        spoiling.removeAll { $0.host.proxy.isSpent }
        if !isRedisDown { watch.poll(desk) { self.now } }
        if time >= nextCensus {
            nextCensus = time + 0.5
            takeCensus()
        }
        usleep(4000)
    }

    func later(_ seconds: Double, _ run: @escaping () -> Void) { agenda.append((now + seconds, run)) }

    private func takeCensus() {
        var sum = Census()
        for host in hosts where host.isRunning {
            let census = Census(host.daemon)
            sum.residentKB += census.residentKB
            sum.descriptors += census.descriptors
        }
        peak.residentKB = max(peak.residentKB, sum.residentKB)
        peak.descriptors = max(peak.descriptors, sum.descriptors)
    }

    /// A daemon that ended is started again, as systemd would.
    private func look(after host: ChaosHost) {
        switch host.phase {
        case .down: break
        case .running, .stopping:
            guard !host.daemon.isRunning else { return }
            host.daemon.waitForExit(within: 10)
            if case .stopping(let since) = host.phase {
                silences.append(Ledgers.Silence(host: host.name, from: now, until: .infinity))
                for index in hits.indices where hits[index].at == since { hits[index].until = now }
                bringBack(host)
            } else {
                Issue.record("host \(host.name): the supervisor ended by itself\n\(host.daemon.log.suffix(4000))")
                bringBack(host)
            }
        }
    }

    func bringBack(_ host: ChaosHost) {
        for index in silences.indices where silences[index].host == host.name && silences[index].until == .infinity {
            silences[index].until = now
        }
        host.phase = .running
        host.daemon.launch()
    }

    // MARK: The end

    /// No more harm: whoever is frozen goes on, whoever is gone comes back.
    private func calm() {
        while !agenda.isEmpty || hosts.contains(where: { $0.phase != .running }) { turn() }
        thawAll()
        for host in hosts {
            host.proxy.relent()
            host.proxy.refuse(false)
            host.proxy.slow(bySeconds: 0)
            host.proxy.cutAll()
            host.moveClock(bySeconds: 0)
        }
    }

    private func thawAll() {
        for item in frozen { ProcessTree.send(.continue, to: item.entry) }
        frozen.removeAll()
    }

    private func comeToRest() {
        let deadline = now + 150
        while now < deadline {
            turn()
            guard var sizes = sizes() else { continue }
            if sizes.retry > 0 { makeRetriesDue() }
            let workers = hosts.reduce(0) { $0 + $1.workers.count }
            sizes.retry += sizes.waiting
            if sizes.retry == 0, sizes.reserved == 0, sizes.leases == workers,
                workers == hosts.count * ChaosHost.processes, watch.unfinished.isEmpty
            {
                return
            }
        }
        let rest = "\(String(describing: sizes())), to be rescued: \(watch.unfinished)"
        Issue.record("150 s after the last deed it is not quiet yet: \(rest)")
    }

    private func sizes() -> (waiting: Int, retry: Int, reserved: Int, leases: Int)? {
        let replies = desk.ask([
            RedisCommand(["LLEN", "queue:default"]), RedisCommand(["LLEN", "queue:low"]),
            RedisCommand(["ZCARD", "schedule"]), RedisCommand(["ZCARD", "retry"]),
            RedisCommand(["KEYS", "martlet:reservations:*"]), RedisCommand(["ZCARD", "martlet:processes"]),
        ])
        guard let replies else { return nil }
        let waiting = replies.prefix(3).reduce(0) { $0 + ($1.integer ?? 0) }
        return (waiting, replies[3].integer ?? 0, replies[4].elements?.count ?? 0, replies[5].integer ?? 0)
    }

    private func makeRetriesDue() {
        guard let members = desk.ask("ZRANGE", "retry", "0", "-1")?.elements, !members.isEmpty else { return }
        var command = RedisCommand(["ZADD", "retry", "XX"])
        for member in members {
            command.add("1")
            command.add(member.bytes ?? [])
        }
        _ = desk.ask([command])
    }

    private func stopAll() {
        for host in hosts {
            let status = host.daemon.stop()
            #expect(status == .exited(0), "host \(host.name)\n\(host.daemon.log.suffix(3000))")
            silences.append(Ledgers.Silence(host: host.name, from: now, until: .infinity))
        }
        // What runs although it should not has a moment to show itself.
        usleep(300_000)
    }

    /// Copies what the handlers wrote and what the daemons said to where it can be looked at.
    func keepEvidence(_ ledgers: Ledgers, in place: String) {
        let files = FileManager.default
        try? files.createDirectory(atPath: place, withIntermediateDirectories: true)
        // Evidence is kept as far as there is room for it.
        try? files.copyItem(atPath: directory.path + "/runs", toPath: place + "/runs")
        for host in hosts { try? files.copyItem(atPath: host.daemon.path("log"), toPath: place + "/log.\(host.name)") }
        func write(_ lines: some Sequence<String>, _ name: String) {
            try? (lines.joined(separator: "\n") + "\n").write(
                toFile: "\(place)/\(name)", atomically: true, encoding: .utf8)
        }
        write(hits.map(\.description), "deeds")
        write(ledgers.pushed.map { "\($0.name) \($0.kind) \($0.isAcknowledged ? "answered" : "unknown")" }, "pushed")
        write(ledgers.final.places.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }, "final")
    }

    /// What the daemons' logs say of results that came too late: of runs that ended before their worker knew that it
    /// had been taken for dead, and after.
    var lateResults: Int {
        hosts.reduce(0) { sum, host in
            let log = host.daemon.log
            return sum + log.components(separatedBy: "a result came too late").count - 1
                + log.components(separatedBy: "were given to others").count - 1
        }
    }

    /// Jobs that were done a second before the first deed and after the last one.
    func rates(_ ledgers: Ledgers) -> (before: Double, after: Double)? {
        guard let spans = quietSpans else { return nil }
        func rate(_ span: Range<Double>) -> Double {
            let count = ledgers.runs.count { $0.outcome == .done && span.contains($0.endedAt ?? 0) }
            return Double(count) / (span.upperBound - span.lowerBound)
        }
        return (rate(spans.0), rate(spans.1))
    }

    static func descriptors(of host: ChaosHost) -> Int {
        let supervisor = ProcessIdentity.openFiles(of: host.daemon.pid)
        return supervisor + host.schedulers.reduce(0) { $0 + ProcessIdentity.openFiles(of: $1) }
    }

    private func descriptorStrays(since before: [Int]) -> [String] {
        zip(hosts, before).compactMap { host, before in
            let after = Self.descriptors(of: host)
            // One may be open for the moment of a look into /proc.
            return after > before + 2 ? "host \(host.name): \(before) descriptors at first, \(after) at last" : nil
        }
    }
}

extension ProcessIdentity {
    static func openFiles(of pid: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }
}
