import Foundation
import Glibc
import Platform
import Redis
import TestSupport
import Testing

/// One organiser and many children, while somebody kills what runs it. Children are taken out of their queue and ticked off
/// here: the service has no handler for them, so that nothing but their being pushed is seen.
final class FanOutCampaign {
    struct Settings {
        var children = 10_000
        var kills = 10
        var chunk = 100
        var mode = "serve"
        /// Jobs that may wait in the queue of the children.
        var deepest = 1000
        var seed: UInt64
        var binary = Program.martlet
    }

    enum Victim: String, CaseIterable {
        case handler, worker, supervisor
    }

    let settings: Settings
    let server = RedisServer()
    let daemon: Daemon
    let jobs: Jobs
    private var random: SeededRandom
    /// How often each child was found.
    private(set) var found: [UInt8]
    private(set) var seen = 0
    private(set) var kills: [Victim: Int] = [:]
    /// KB: the most each role was resident with, and the most that all had at one time, pages that they share once.
    private(set) var peaks: [String: Int] = [:]
    /// The same before the organiser was pushed.
    private(set) var idle: [String: Int] = [:]
    private(set) var deepestSeen = 0
    private(set) var seconds = 0.0

    init(_ settings: Settings) throws {
        self.settings = settings
        random = SeededRandom(seed: settings.seed)
        found = Array(repeating: 0, count: settings.children)
        daemon = Daemon(
            """
            concurrency: 2
            timeout: 5
            max_retries: 1000
            poison: { deaths: 0 }
            limits: { children_waiting: \(settings.deepest) }
            handlers:
              organiser: { command: [./organise.py], classes: [Organise], mode: \(settings.mode), grace: 1 }
            """, server: server, files: ["organise.py": Organiser.program], binary: settings.binary)
        jobs = try Jobs(server)
    }

    func end() {
        daemon.end()
        server.stop()
    }

    /// Until the organiser is done and every child was taken.
    func run() throws {
        daemon.start()
        look()
        idle = peaks
        let start = MonotonicTime.now()
        try jobs.push(
            Jobs.payload("Organise", "organiser", args: "[\(settings.children),\(settings.chunk)]"))
        // Each falls while chunks are on their way: more than `deepest` children are never ahead of us.
        let last = settings.children - settings.children / 20  // so that there is something left to do
        var thresholds = (0..<settings.kills).map { _ in Int.random(in: 0..<last, using: &random) }.sorted()
        var lastProgress = MonotonicTime.now()
        var lastLook = start
        while try seen < settings.children || isUnfinished() {
            let now = MonotonicTime.now()
            // Before anything more is taken: the organiser has something left to do.
            if let threshold = thresholds.first, seen >= threshold {
                if strike() { thresholds.removeFirst() }
                lastProgress = now
            } else if try drain() > 0 {
                lastProgress = now
            } else {
                // A handler that was killed has failed its job: it need not wait.
                if now.seconds(since: lastProgress) > 0.05 { try jobs.makeDue("retry") }
                usleep(1000)
            }
            if now.seconds(since: lastLook) > 0.02 {
                lastLook = now
                look()
            }
            guard now.seconds(since: lastProgress) < 60 else {
                Issue.record("nothing was pushed for 60 s after \(seen) children: \(daemon.log.suffix(3000))")
                return
            }
        }
        look()
        seconds = MonotonicTime.now().seconds(since: start)
    }

    private func isUnfinished() throws -> Bool {
        // In the order in which a job goes on, and from the end to the beginning again, so that none is between two looks.
        try waits() || jobs.call("LLEN", "queue:default").integer != 0 || jobs.reserved() > 0 || waits()
    }

    private func waits() throws -> Bool {
        try ["retry", "schedule"].contains { try jobs.call("ZCARD", $0).integer != 0 }
    }

    private func drain() throws -> Int {
        deepestSeen = max(deepestSeen, try jobs.call("LLEN", "queue:rows").integer ?? 0)
        let payloads = try jobs.call("RPOP", "queue:rows", "\(settings.deepest / 4)").elements ?? []
        for payload in payloads {
            let row = Self.row(payload.bytes ?? [])
            guard found.indices ~= row else {
                Issue.record("a child that nobody pushed: \(String(decoding: payload.bytes ?? [], as: UTF8.self))")
                continue
            }
            if found[row] == 0 { seen += 1 }
            found[row] = min(found[row], 254) + 1
        }
        return payloads.count
    }

    /// The argument, behind what the organiser writes of every child; -1 if it is none of its children.
    private static func row(_ payload: [UInt8]) -> Int {
        let head = #"{"class":"Row","args":["#.utf8
        guard payload.starts(with: head) else { return -1 }
        return payload[head.count...].prefix { $0 != UInt8(ascii: "]") }.reduce(0) { 10 * $0 + Int($1) - 48 }
    }

    // MARK: Kills

    /// - Returns: false if the victim is not there at the moment.
    private func strike() -> Bool {
        usleep(UInt32.random(in: 0...3000, using: &random))
        look()
        let victim = Victim.allCases.randomElement(using: &random) ?? .worker
        switch victim {
        case .handler:
            guard let handler = handlers.first else { return false }
            kill(handler, SIGKILL)
        case .worker:
            guard let worker = daemon.workers.first else { return false }
            kill(worker, SIGKILL)
        case .supervisor:
            daemon.signal(.kill)
            daemon.waitForExit()
            daemon.start()
        }
        kills[victim, default: 0] += 1
        return true
    }

    private var handlers: [Int32] {
        daemon.workers.flatMap { ProcessTree.children(of: $0) }.filter {
            Daemon.arguments(of: $0).contains { $0.hasSuffix("organise.py") }
        }
    }

    // MARK: Memory

    private func look() {
        guard daemon.isRunning else { return }
        var sum = 0
        let roles = [("supervisor", [daemon.pid]), ("scheduler", daemon.schedulers), ("worker", daemon.workers)]
        for (role, pids) in roles {
            for pid in pids {
                sum += Self.kilobytes("Pss:", in: "/proc/\(pid)/smaps_rollup")
                peaks[role] = max(peaks[role] ?? 0, Self.kilobytes("VmHWM:", in: "/proc/\(pid)/status"))
            }
        }
        peaks["all"] = max(peaks["all"] ?? 0, sum)
    }

    /// Of the line that begins with the name; 0 if the process is gone.
    private static func kilobytes(_ name: String, in file: String) -> Int {
        let line = Program.text(of: file).split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }

    var table: String {
        let megabytes = { (role: String) in
            String(
                format: "%.1f MB (idle %.1f)", Double(self.peaks[role] ?? 0) / 1024, Double(self.idle[role] ?? 0) / 1024
            )
        }
        return """
            fan-out: \(settings.children) children in chunks of \(settings.chunk), mode \(settings.mode), seed \(settings.seed)
              killed: \(Victim.allCases.map { "\($0) \(kills[$0] ?? 0)" }.joined(separator: ", "))
              children enqueued never: \(found.count { $0 == 0 }), twice or more: \(found.count { $0 > 1 })
              in their queue at once, at the most: \(deepestSeen) (limits.children_waiting \(settings.deepest))
              peak memory: worker \(megabytes("worker")), supervisor \(megabytes("supervisor")), \
            scheduler \(megabytes("scheduler")); all three at once \(megabytes("all"))
              \(String(format: "%.1f", seconds)) s
            """
    }
}
