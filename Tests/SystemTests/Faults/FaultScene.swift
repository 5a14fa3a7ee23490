import Foundation
import Platform
import Queueing
import Redis
import TestSupport
import Testing

/// A daemon that reaches its server through a proxy; the test itself reaches it directly.
struct FaultScene {
    let scene: Scene
    let proxy: FaultProxy
    /// Jobs that were given to the daemon and what is to become of each.
    let ledger = FaultLedger()

    var daemon: Daemon { scene.daemon }
    var jobs: Jobs { scene.jobs }
    var server: RedisServer { scene.server }

    static let configuration = """
        processes: 1
        concurrency: 4
        timeout: 5
        handlers:
          served: { command: [./serve.py], classes: ["*"], mode: serve, threads: 4 }
          slow: { command: [./serve.py], classes: [Sleep], mode: serve }
        """

    /// Runs a body with a started daemon; whatever happens, nothing is left running.
    static func run(
        _ configuration: String = configuration, options: [String] = [], starting: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (FaultScene) throws -> Void
    ) throws {
        let server = RedisServer(options)
        let proxy = try FaultProxy(server, scripts: Scripts.all)
        let daemon = Daemon(
            "redis: unix://\(proxy.socketPath)\n" + configuration, server: nil, files: Programs.all)
        defer {
            daemon.end()
            proxy.stop()
            server.stop()
        }
        let scene = Scene(server: server, daemon: daemon, jobs: try Jobs(server))
        if starting { daemon.start(sourceLocation: sourceLocation) }
        try body(FaultScene(scene: scene, proxy: proxy))
    }

    // MARK: Jobs

    /// Pushes jobs of every kind of end, to be looked for later.
    func pushOfEachKind() throws {
        let (name, child) = (ledger.newName(), ledger.newName())
        let plain = [ledger.add(.done), ledger.add(.done)]
        let failing = ledger.add(.retried)
        let dying = ledger.add(.buried)
        let snoozing = ledger.add(.snoozed)
        ledger.add(.done, name)
        ledger.add(.done, child)
        let order = #"[{"class":"Work","args":[],"jid":"\#(child)"}]"#
        try jobs.push(
            plain.map { Jobs.payload("Work", $0) } + [
                Jobs.payload("Push", name, args: order), Jobs.payload("Fail", failing),
                Jobs.payload("Dead", dying), Jobs.payload("Snooze", snoozing, args: "[5000]"),
            ])
    }

    func pushPlain(_ count: Int) throws {
        try jobs.push((0..<count).map { _ in Jobs.payload("Work", ledger.add(.done)) })
    }

    /// Puts jobs whose time has come into a sorted set.
    func addDue(to set: String, count: Int = 2) throws {
        for _ in 0..<count {
            try jobs.call("ZADD", set, "1", Jobs.payload("Work", ledger.add(.done)))
        }
    }

    /// Waits until every job that was pushed has come to its end.
    func settle(
        _ doing: String, within seconds: Double = 30, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try eventually(
            within: seconds,
            "every job comes to its end \(doing): \(ledger.missing) \(proxy.deeds.suffix(4)) \(daemon.log.suffix(1500))",
            sourceLocation: sourceLocation
        ) {
            try ledger.harvest(scene)
            return ledger.missing.isEmpty
        }
    }

    /// The same where a fault may have failed any run: what waits for a retry it was not to need gets it now.
    func settleAgain(_ doing: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try eventually(
            within: 60, "every job comes to its end \(doing): \(ledger.missing) \(daemon.log.suffix(1500))",
            sourceLocation: sourceLocation
        ) {
            try ledger.harvest(scene)
            for member in try jobs.members(of: "retry") {
                guard let jid = Jobs.object(member.payload)["jid"] as? String, ledger.all[jid]?.end != .retried
                else { continue }
                var command = RedisCommand(["ZADD", "retry", "XX", "1"])
                command.add(member.payload)
                _ = try jobs.redis.call(command).accepted()
            }
            return ledger.missing.isEmpty
        }
    }

    /// Asks at the end whether each job came to exactly the end it should, by exactly one run, and the counters agree.
    func proveExactly(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try eventually(within: 30, "nothing is reserved any more", sourceLocation: sourceLocation) {
            try jobs.reserved() == 0
        }
        try ledger.harvest(scene)
        let wrong = ledger.all.filter { $0.value.isRight == false }.map { "\($0.key): \($0.value)" }
        #expect(wrong == [], "\(proxy.deeds)", sourceLocation: sourceLocation)
        #expect(try jobs.texts() == [], sourceLocation: sourceLocation)
        #expect(try jobs.number("stat:processed") == ledger.all.count, sourceLocation: sourceLocation)
        let failures = ledger.all.values.count { $0.end == .retried || $0.end == .buried }
        #expect(try jobs.number("stat:failed") == failures, sourceLocation: sourceLocation)
    }

    /// Takes everything that waits out of Redis, stops the daemon, and asks what is left.
    func finish(sourceLocation: SourceLocation = #_sourceLocation) throws {
        // A worker that stops before it is connected again cannot say farewell.
        proxy.relent()
        try jobs.push(Jobs.payload("Work", ledger.add(.done, "last")))
        try settle("at the end", sourceLocation: sourceLocation)
        try eventually("its end is written", sourceLocation: sourceLocation) { try jobs.reserved() == 0 }
        // Who died with empty hands is forgotten a moment later.
        try eventually(within: 30, "only those who live hold a lease", sourceLocation: sourceLocation) {
            try jobs.call("ZCARD", "martlet:processes").integer == daemon.workers.count
        }
        try jobs.call("DEL", "retry", "dead", "schedule")
        try scene.finish(sourceLocation: sourceLocation)
    }
}

/// What is to become of which job, and what did. For one thread.
final class FaultLedger {
    enum End: String, CaseIterable, Sendable { case done, retried, buried, snoozed }

    struct Entry: CustomStringConvertible {
        let end: End
        var starts = 0
        /// How often it was found where it belongs.
        var ends = 0
        var isRight: Bool { starts == 1 && ends == 1 }
        var description: String { "\(end.rawValue) \(ends) times by \(starts) runs" }
    }

    private(set) var all: [String: Entry] = [:]
    private var next = 0
    private var readLines = 0

    func newName() -> String {
        next += 1
        return "j\(next)"
    }

    @discardableResult
    func add(_ end: End, _ name: String? = nil) -> String {
        let name = name ?? newName()
        all[name] = Entry(end: end)
        return name
    }

    var missing: [String] { all.filter { $0.value.ends == 0 }.map { "\($0.key) \($0.value.end)" }.sorted() }

    /// Reads what handlers wrote, and takes jobs that wait as they should out of Redis, before their time comes.
    func harvest(_ scene: Scene) throws {
        let lines = scene.ledger
        for line in lines[readLines...] {
            let words = line.split(separator: " ").map(String.init)
            guard words.count > 2 else { continue }
            if words[0] == "start" { all[words[2]]?.starts += 1 }
            if words[0] == "end", all[words[2]]?.end == .done { all[words[2]]?.ends += 1 }
        }
        readLines = lines.count
        for (end, set) in [(End.retried, "retry"), (.buried, "dead"), (.snoozed, "schedule")] {
            guard try scene.jobs.call("TYPE", set).text == "zset" else { continue }
            for member in try scene.jobs.members(of: set) {
                guard let jid = Jobs.object(member.payload)["jid"] as? String, all[jid]?.end == end else { continue }
                all[jid]?.ends += 1
                var remove = RedisCommand(["ZREM", set])
                remove.add(member.payload)
                _ = try scene.jobs.redis.call(remove).accepted()
            }
        }
    }
}
