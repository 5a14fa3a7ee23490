import Foundation
import Glibc
import Platform
import Redis
import TestSupport
import Testing

@Suite("A real Sidekiq server and Martlet share queues and retries")
struct SideBySideTests {
    static let configuration = """
        processes: 2
        concurrency: 3
        timeout: 1
        sidekiq: 7
        queues: [default: 2, low: 1]
        handlers:
          both: { command: [./both.py], classes: [CountJob, LongJob], mode: serve }
        """

    @Test("10,000 jobs, some failing: servers of both kinds are stopped, killed and started, and none is lost")
    func share() throws {
        try Shop.open(Self.configuration, files: SharedJobs.files, starting: false) { shop in
            let day = SharedDay(shop)
            defer { day.end() }

            // Sidekiq alone: it has the long jobs, and gives them back when it is told to stop.
            day.startSidekiq()
            day.push(1000, longJobs: 3)
            try day.wait("Sidekiq runs the long jobs") { day.longRuns(by: "sidekiq") == 3 }
            try day.wait("and others") { day.runs(by: "sidekiq") > 100 }

            shop.daemon.start()
            day.push(1500)
            try day.waitForRuns(50, by: "martlet")
            day.push(1000)
            day.stopSidekiq()
            try day.wait("Martlet runs the long jobs that Sidekiq gave back") { day.longRuns(by: "martlet") >= 3 }
            day.push(1000)
            try day.waitForRuns(100, by: "martlet")

            day.startSidekiq()
            day.push(1500)
            try day.waitForRuns(50, by: "sidekiq")
            try day.expectBothAreSeen()
            for pid in shop.daemon.workers { kill(pid, SIGKILL) }
            day.push(1000)
            try day.waitForRuns(50, by: "martlet")

            #expect(shop.daemon.stop() == .exited(0))
            day.push(1000)
            try day.waitForRuns(50, by: "sidekiq")
            shop.daemon.start()
            day.push(1000)
            try day.waitForRuns(50, by: "martlet")

            shop.daemon.signal(.kill)
            #expect(shop.daemon.waitForExit(within: 30) == .signaled(.kill, coreDumped: false))
            shop.daemon.start()
            day.push(1000)
            try day.waitForRuns(50, by: "martlet")

            shop.letGo()
            try day.wait("every job is done") { day.missing.isEmpty }
            #expect(day.pushed == 10_003)
            day.stopSidekiq()
            #expect(shop.daemon.stop() == .exited(0))
            try day.judge()
        }
    }
}

/// What happens to both, and the account of it: the ledger that both write.
private final class SharedDay {
    private let shop: Shop
    private var sidekiq: Companion?
    private(set) var pushed = 0
    /// Bytes of the ledger that have been read.
    private var seen = 0
    private var done: Set<Int> = []
    private var failures: [Int: [String]] = [:]
    private var doneBy: [Int: String] = [:]
    private var counts: [String: Int] = [:]
    private var longCounts: [String: Int] = [:]

    init(_ shop: Shop) { self.shop = shop }

    func end() { sidekiq?.end() }

    // MARK: Deeds

    func startSidekiq() {
        let server = Companion(
            "Sidekiq", ["sidekiq", "-r", "./jobs.rb", "-C", "./sidekiq.yml"],
            environment: [
                "REDIS_URL=unix://\(shop.server.socketPath)", "LEDGER=\(shop.daemon.path("ledger"))",
                "GO=\(shop.daemon.path("go"))", "RUBYOPT=-W0",
            ], files: SharedJobs.sidekiq)
        sidekiq = server
        eventually(within: 60, "Sidekiq is ready: \(server.log.suffix(2000))") {
            server.pid.map { pid in
                (try? shop.call("SMEMBERS", "processes").elements?.compactMap(\.text))?.contains {
                    $0.contains(":\(pid):")
                } == true
            } == true
        }
    }

    /// SIGTERM: what it runs is given back. Nothing else is asked of the real one, which loses what it runs if killed.
    func stopSidekiq() {
        #expect(sidekiq?.stop() == 0, "\(sidekiq?.log.suffix(2000) ?? "")")
        sidekiq = nil
    }

    /// Has the real client push the next jobs: numbers from one up, by two queues. Every tenth fails once, every 25th
    /// twice.
    func push(_ count: Int, longJobs: Int = 0) {
        let (first, last) = (pushed + 1, pushed + count)
        let answer = shop.ruby(
            """
            \(longJobs).times { |n| Sidekiq::Client.push("class" => "LongJob", "args" => [\(last) + 1 + n, 0]) }
            (\(first)..\(last)).partition(&:even?).zip(%w[default low]) do |numbers, queue|
              Sidekiq::Client.push_bulk("class" => "CountJob", "queue" => queue,
                "args" => numbers.map { |n| [n, n % 25 == 0 ? 2 : n % 10 == 0 ? 1 : 0] })
            end
            {}
            """)
        #expect(answer.isEmpty)
        pushed = last + longJobs
    }

    // MARK: What is seen of it

    /// Waits and meanwhile makes retries due at once, whoever put them there.
    func wait(
        _ name: String, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () -> Bool
    ) throws {
        let deadline = MonotonicTime.now().advanced(bySeconds: 120)
        repeat {
            try shop.reschedule("retry")
            read()
            if condition() { return }
            usleep(20_000)
        } while MonotonicTime.now() < deadline
        let state = "\(counts), \(done.count) of \(pushed) done; \(shop.daemon.log.suffix(1500))"
        try #require(Bool(false), "it never happened that \(name): \(state)", sourceLocation: sourceLocation)
    }

    /// Waits until one of them has run so many more.
    func waitForRuns(
        _ more: Int, by server: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        read()
        let before = runs(by: server)
        try wait("\(server) runs \(more) more", sourceLocation: sourceLocation) { runs(by: server) >= before + more }
    }

    func runs(by server: String) -> Int { counts[server] ?? 0 }
    func longRuns(by server: String) -> Int { longCounts[server] ?? 0 }

    /// The numbers of jobs that nobody has done.
    var missing: [Int] { pushed == done.count ? [] : (1...max(1, pushed)).filter { !done.contains($0) } }

    /// Reads what is new in the ledger: "WORD NUMBER ATTEMPT SERVER" a line.
    private func read() {
        let bytes = shop.daemon.bytes(of: "ledger") ?? []
        guard bytes.count > seen, let end = bytes.lastIndex(of: UInt8(ascii: "\n")), end >= seen else { return }
        for line in String(decoding: bytes[seen...end], as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 4, let number = Int(words[1]) else { continue }
            let server = words[3]
            switch words[0] {
            case "start": longCounts[server, default: 0] += 1
            case "fail":
                counts[server, default: 0] += 1
                failures[number, default: []].append(server)
            default:
                counts[server, default: 0] += 1
                done.insert(number)
                doneBy[number] = server
            }
        }
        seen = end + 1
    }

    /// Each shows the processes of both: one of Sidekiq, two of Martlet.
    func expectBothAreSeen() throws {
        let theirs = shop.ruby("{pids: Sidekiq::ProcessSet.new.map { |p| p['pid'] }}")["pids"] as? [Int] ?? []
        let status = JSON.object(shop.daemon.martlet(["status", "--json"]).output)
        let ours = (status["processes"] as? [[String: Any]] ?? []).compactMap { $0["pid"] as? Int }
        let running = Set((shop.daemon.workers + [sidekiq?.pid ?? 0]).map(Int.init))
        #expect(Set(theirs) == running && Set(ours) == running && running.count == 3, "\(theirs) \(ours) \(running)")
    }

    // MARK: The account

    func judge() throws {
        read()
        #expect(missing.isEmpty, "lost: \(missing.prefix(20))")
        for set in ["retry", "schedule", "dead"] {
            let members = try shop.members(of: set)
            #expect(members.isEmpty, "\(set): \(members.prefix(3))")
        }
        let left = try ["queue:*", "martlet:reservations:*"].flatMap {
            try shop.call("KEYS", $0).elements?.compactMap(\.text) ?? []
        }
        #expect(left.isEmpty, "\(left)")
        // Each failed as often as it was to, also where one of them knew of the first failure only from the other.
        let pushedToFail = (1...pushed).filter { $0 <= 10_003 && ($0 % 10 == 0 || $0 % 25 == 0) && !isLong($0) }
        for number in pushedToFail {
            let wanted = number % 25 == 0 ? 2 : 1
            #expect((failures[number]?.count ?? 0) >= wanted, "\(number) failed \(failures[number] ?? [])")
        }
        func passed(from first: String, to second: String) -> Int {
            failures.count { $0.value.contains(first) && doneBy[$0.key] == second }
        }
        #expect(passed(from: "sidekiq", to: "martlet") > 0 && passed(from: "martlet", to: "sidekiq") > 0)
        #expect(runs(by: "sidekiq") > 500 && runs(by: "martlet") > 500, "\(counts)")
    }

    /// The long jobs have the numbers after the first thousand.
    private func isLong(_ number: Int) -> Bool { (1001...1003).contains(number) }
}
