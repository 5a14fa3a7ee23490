import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("A serve process is replaced while jobs keep coming")
struct RecyclingTests {
    /// serve.py that takes its time to be ready, and is not ready at all while the file `broken` exists.
    private func slow(
        _ seconds: Double, in directory: TemporaryDirectory, maxJobs: Int? = nil, maxMemory: Int? = nil,
        maxAge: Double? = nil
    ) -> HandlerSettings {
        var settings = serve(maxJobs: maxJobs, maxMemory: maxMemory)
        settings.maxAge = maxAge
        let script = "[ ! -e broken ] || exit 1; echo $$ >> started; sleep \(seconds); exec python3 \(evil("serve.py"))"
        settings.command = ["sh", "-c", script]
        settings.executable = "/bin/sh"
        settings.directory = directory.path
        return settings
    }

    /// Starts a run, of which no part is a wait for a process, and waits for its end.
    private func runAtOnce(_ rig: Rig, _ arguments: String, slot: Int = 0) throws -> DispatchReport {
        try rig.start(job(arguments), slot: slot)
        #expect(rig.dispatcher.description(of: slot)?.standing == .running, "it waits for a process")
        let count = rig.reports.count
        try #require(rig.turn { rig.reports.count > count })
        let report = try #require(rig.reports.last)
        #expect(report.outcome == .succeeded)
        return report
    }

    private func started(_ directory: TemporaryDirectory) -> Int {
        // A file that is not there yet has no line.
        let bytes = (try? FileDescriptor.open(directory.path + "/started", O_RDONLY).readAll()) ?? []
        return bytes.count { $0 == UInt8(ascii: "\n") }
    }

    @Test("max_jobs: of 200 jobs none but the first waits for a start, and none is lost")
    func maxJobs() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(slow(0.5, in: directory, maxJobs: 20), slots: 1)
        _ = try rig.run(job(#""done""#))
        for _ in 1..<200 { _ = try runAtOnce(rig, #""sleep",0.02"#) }
        #expect(rig.reports.count == 200)
        let byProcess = Dictionary(grouping: rig.reports, by: \.pid)
        #expect(byProcess.count >= 3, "it was replaced again and again")
        let pids = rig.reports.compactMap(\.pid)
        for (pid, runs) in byProcess where pid != pids.last { #expect(runs.count >= 20, "\(pid ?? 0)") }
        // One after the other, never back to one that was replaced.
        #expect(zip(pids, pids.dropFirst()).count { $0 != $1 } == byProcess.count - 1)
        #expect(rig.turn { Set(pids).count(where: isAlive) <= 1 }, "those that were replaced have ended")
    }

    @Test("max_jobs: a process is due a tenth earlier at most", arguments: [(0.0, 10), (0.999, 9)])
    func jitter(chance: Double, expected: Int) throws {
        let directory = TemporaryDirectory()
        let rig = try Rig([slow(0, in: directory, maxJobs: 10)], slots: 1, chance: chance)
        _ = try rig.run(job(#""done""#))
        for _ in 1..<expected - 1 { _ = try runAtOnce(rig, #""done""#) }
        #expect(rig.spawns.count == 1)
        _ = try runAtOnce(rig, #""done""#)
        #expect(rig.spawns.count == 2)
    }

    @Test("max_jobs: 1 gives each job a process of its own, the next one ready before it is needed")
    func singleRuns() throws {
        let rig = try Rig(serve(maxJobs: 1), slots: 1)
        for _ in 0..<10 {
            #expect(try rig.run(job(#""done""#)).outcome == .succeeded)
            #expect(rig.turn { rig.dispatcher.poolDescriptions[0].idle == 1 })
        }
        #expect(Set(rig.reports.compactMap(\.pid)).count == 10)
        let spawns = rig.spawns.count
        #expect(spawns == 11)
    }

    @Test("max_memory: what a job left behind is gone as soon as another process is ready, and no job waits")
    func maxMemory() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(slow(0.3, in: directory, maxMemory: 200 << 20), slots: 1)
        let first = try rig.run(job(#""eat",20"#)).pid
        #expect(try runAtOnce(rig, #""done""#).pid == first)
        #expect(rig.spawns.count == 1)
        #expect(try runAtOnce(rig, #""eat",300"#).pid == first)
        #expect(rig.spawns.count == 2, "its replacement is on its way")
        #expect(try runAtOnce(rig, #""done""#).pid == first, "until it is ready the old one goes on")
        let pid = try #require(first)
        #expect(rig.turn { !isAlive(pid) })
        #expect(try runAtOnce(rig, #""done""#).pid != first)
        #expect(rig.spawns.count == 2)
    }

    @Test(
        "a replacement that does not start costs no job: the old process goes on, and is replaced when that is possible"
    )
    func brokenReplacement() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(slow(0, in: directory, maxJobs: 5), slots: 1)
        let first = try rig.run(job(#""done""#)).pid
        symlink("/dev/null", directory.path + "/broken")
        for _ in 0..<30 { #expect(try runAtOnce(rig, #""sleep",0.02"#).pid == first) }
        #expect(rig.turn { rig.dispatcher.poolDescriptions[0].startFailures >= 2 }, "it is tried again")
        #expect(try runAtOnce(rig, #""done""#).pid == first)
        unlink(directory.path + "/broken")
        let pid = try #require(first)
        #expect(rig.turn { !isAlive(pid) })
        #expect(try runAtOnce(rig, #""done""#).pid != first)
    }

    @Test("with threads, what runs in the old process is finished there")
    func threads() throws {
        let directory = TemporaryDirectory()
        var settings = slow(0.2, in: directory, maxJobs: 2)
        settings.threads = 2
        settings.environment["THREADED"] = "1"
        let rig = try Rig(settings, slots: 2)
        try rig.start(job(#""sleep",1.5"#), slot: 0)
        try rig.start(job(#""sleep",0.1"#), slot: 1)
        #expect(rig.turn { rig.reports.count == 1 })
        let first = try #require(rig.reports[0].pid)
        #expect(rig.turn { rig.dispatcher.poolDescriptions[0].leaving == 1 })
        let next = try runAtOnce(rig, #""done""#, slot: 1)
        #expect(next.pid != first)
        #expect(rig.turn { rig.reports.count == 3 })
        #expect(rig.reports[2].pid == first && rig.reports[2].outcome == .succeeded)
        #expect(rig.turn { !isAlive(first) })
    }

    @Test("processes on their way out, with those in their places, are never more than twice as many as may run")
    func bound() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(slow(0, in: directory, maxJobs: 2), slots: 2)
        var most = 0
        for round in 0..<40 {
            for slot in 0..<2 { try rig.start(job(#""sleep",0.01"#), slot: slot) }
            #expect(
                rig.turn {
                    let pool = rig.dispatcher.poolDescriptions[0]
                    most = max(most, pool.starting + pool.idle + pool.busy + pool.leaving)
                    return rig.reports.count == 2 * (round + 1)
                })
        }
        #expect(most > 2 && most <= 4, "\(most)")
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
    }

    @Test("max_age: a process in use is replaced by one that is ready, one that nobody needed ends without")
    func maxAge() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(slow(0.2, in: directory, maxAge: 3), slots: 2)
        for slot in 0..<2 { try rig.start(job(#""sleep",0.1"#), slot: slot) }
        #expect(rig.turn { rig.reports.count == 2 })
        let first = Set(rig.reports.compactMap(\.pid))
        while first.contains(where: isAlive) { _ = try runAtOnce(rig, #""sleep",0.02"#) }
        #expect(rig.spawns.count >= 4, "both were in use")
        // From here on one of the new ones does nothing.
        let spawns = rig.spawns.count
        var pids: Set<Int32> = []
        while rig.spawns.count == spawns { pids.insert(try #require(try runAtOnce(rig, #""sleep",0.02"#).pid)) }
        #expect(rig.turn { rig.dispatcher.poolDescriptions[0].starting == 0 })
        #expect(rig.turn { !pids.contains(where: isAlive) })
        #expect(rig.turn { rig.dispatcher.poolDescriptions[0].idle == 1 }, "only the one in use was replaced")
    }

    @Test("idle_timeout: a process with nothing to do ends, and a job that comes later is done by another")
    func idleTimeout() throws {
        var settings = serve()
        settings.idleTimeout = 0.4
        let rig = try Rig(settings, slots: 2)
        for slot in 0..<2 { try rig.start(job(#""sleep",1"#), slot: slot) }
        #expect(rig.turn { rig.reports.count == 2 }, "one that runs is not idle")
        let pids = rig.reports.compactMap(\.pid)
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
        // One is kept busy, the other is not.
        while pids.allSatisfy(isAlive) { _ = try runAtOnce(rig, #""sleep",0.05"#) }
        let kept = try #require(rig.reports.last?.pid)
        #expect(isAlive(kept))
        #expect(rig.turn { !isAlive(kept) })
        #expect(rig.dispatcher.poolDescriptions[0].idle == 0)
        let last = try rig.run(job(#""done""#))
        #expect(last.outcome == .succeeded && !pids.contains(last.pid ?? 0))
    }

    @Test("a stop while a replacement starts ends both, and what runs is interrupted")
    func stop() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(slow(0.3, in: directory, maxJobs: 2), slots: 1)
        _ = try rig.run(job(#""done""#))
        #expect(started(directory) == 1)
        try rig.start(job(#""never""#))
        #expect(rig.turn { started(directory) == 2 }, "the replacement is on its way")
        _ = rig.stop(grace: 0.1)
        #expect(rig.reports.last?.outcome == .interrupted)
        let lines = String(
            decoding: try FileDescriptor.open(directory.path + "/started", O_RDONLY).readAll(), as: UTF8.self)
        #expect(lines.split(separator: "\n").compactMap { Int32($0) }.allSatisfy { !isAlive($0) })
    }

    @Test("quiet while a replacement starts: the running job is finished, then nothing is left")
    func quiet() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(slow(0.3, in: directory, maxJobs: 2), slots: 1)
        _ = try rig.run(job(#""done""#))
        try rig.start(job(#""sleep",1"#))
        #expect(rig.turn { started(directory) == 2 })
        rig.dispatcher.quiet()
        #expect(try rig.nextReport().outcome == .succeeded)
        #expect(
            rig.turn {
                let pool = rig.dispatcher.poolDescriptions[0]
                return pool.starting + pool.idle + pool.busy + pool.leaving == 0
            })
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded, "a job that comes all the same is done")
    }
}

@Suite("How many processes a pool starts")
struct PoolBalanceTests {
    private func balance(maximum: Int = 4, room: Int = 1, ahead: Int = 0, _ set: (inout PoolBalance) -> Void) -> [Int] {
        var balance = PoolBalance(maximum: maximum, room: room, ahead: ahead)
        set(&balance)
        return [balance.startsForRuns, balance.startsForDue]
    }

    @Test("as many as wait, but for those on their way, up to the maximum")
    func waiting() {
        #expect(balance { $0.waiting = 3 } == [3, 0])
        #expect(balance { ($0.waiting, $0.starting, $0.total) = (3, 2, 2) } == [1, 0])
        #expect(balance { ($0.waiting, $0.open, $0.total) = (9, 3, 3) } == [1, 0])
        #expect(balance(room: 5) { $0.waiting = 6 } == [2, 0])
    }

    @Test("one in each due one's place, on top of the maximum")
    func due() {
        #expect(balance(maximum: 1) { ($0.open, $0.due, $0.unreplaced, $0.total) = (1, 1, 1, 1) } == [0, 1])
        #expect(balance { ($0.open, $0.due, $0.unreplaced, $0.total) = (4, 4, 4, 4) } == [0, 4])
        // One is on its way already.
        #expect(
            balance(maximum: 1) {
                ($0.open, $0.due, $0.unreplaced, $0.total, $0.starting, $0.replacing) = (1, 1, 0, 2, 1, 1)
            } == [0, 0])
    }

    @Test("never more than twice the maximum, those on their way out counted")
    func bound() {
        #expect(
            balance(maximum: 2) { ($0.open, $0.due, $0.unreplaced, $0.finishing, $0.total) = (2, 2, 2, 1, 3) } == [
                0, 1,
            ])
        #expect(
            balance(maximum: 2) { ($0.open, $0.due, $0.unreplaced, $0.finishing, $0.total) = (2, 2, 2, 2, 4) } == [
                0, 0,
            ])
    }

    @Test("a run that waits comes before a replacement")
    func order() {
        #expect(
            balance(maximum: 2) { ($0.waiting, $0.open, $0.due, $0.unreplaced, $0.total) = (1, 1, 1, 1, 1) } == [1, 1])
        #expect(
            balance(maximum: 2) {
                ($0.waiting, $0.open, $0.due, $0.unreplaced, $0.finishing, $0.total) = (1, 1, 1, 1, 2, 3)
            } == [1, 0])
    }

    @Test("where each process does one run, the next are made ready beside those that run, and not more")
    func ahead() {
        #expect(balance(ahead: 4) { ($0.finishing, $0.total) = (2, 2) } == [2, 0])
        #expect(balance(ahead: 1) { ($0.finishing, $0.total) = (2, 2) } == [1, 0])
        #expect(balance(ahead: 1) { ($0.finishing, $0.idle, $0.open, $0.total) = (2, 1, 1, 3) } == [0, 0])
        #expect(balance(ahead: 1) { ($0.finishing, $0.waiting, $0.total) = (2, 2, 2) } == [3, 0])
        #expect(balance(ahead: 4) { _ in } == [0, 0])
    }
}
