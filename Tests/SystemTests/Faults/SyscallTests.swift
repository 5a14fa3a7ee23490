import Glibc
import Platform
import TestSupport
import Testing

/// A process that is killed, or whose system call fails, at each of its system calls in turn: between two of them it can
/// do nothing that anyone else could see, so these are all the instants there are.
///
/// `make faults` tries every one; `make test` a sample, another one each time.
@Suite("A process killed at any of its system calls loses no job", .ownThread)
struct SyscallTests {
    private static let configuration = FaultScene.configuration.replacing("concurrency: 4", with: "concurrency: 1")

    @Test(
        "a worker while it fetches, runs and settles jobs of every kind of end: at most one runs twice, back within 2 s"
    )
    func worker() throws {
        var blows: [Blow] = []
        var count = BlowCount()
        repeat {
            // A new daemon now and then: a worker that dies all the time is started again more and more slowly.
            try FaultScene.run(Self.configuration) { faults in
                let pid = try Self.warmUp(faults)
                if count.fallen == 0, blows.isEmpty {
                    blows = try Blow.all(of: pid, sample: 12) {
                        try faults.pushOfEachKind()
                        try faults.settle("while its calls are written down")
                    }
                }
                for _ in 1...4 {
                    if let blow = blows.popLast() { try Self.kill(faults, blow, &count) }
                }
                try Self.proveNoLoss(faults, kills: 4)
                try faults.finish()
            }
        } while !blows.isEmpty
        count.tell("worker")
        #expect(count.fallen > (FaultRun.isFull ? 50 : 2), "blows did fall")
    }

    private static func kill(_ faults: FaultScene, _ blow: Blow, _ count: inout BlowCount) throws {
        let pid = try waitForWorker(faults)
        guard let tracer = try blow.aim(at: pid) else { return }
        count.aim()
        try faults.pushOfEachKind()
        var diedAt: MonotonicTime?
        try eventually(within: 30, "it dies or is done at \(blow): \(faults.ledger.missing)") {
            if !faults.daemon.workers.contains(pid) { diedAt = .now() }
            try faults.ledger.harvest(faults.scene)
            return try diedAt != nil || (faults.ledger.missing.isEmpty && faults.jobs.reserved() == 0)
        }
        tracer.detach()
        guard let diedAt else { return }
        try eventually(within: 20, "what it held is back after \(blow)") {
            try faults.jobs.keys("martlet:reservations:*:\(pid):*").isEmpty
        }
        let seconds = MonotonicTime.now().seconds(since: diedAt)
        #expect(seconds <= 2 + StopTests.machine, "killed at \(blow)")
        count.fell(rescuedAfter: seconds)
        try faults.settle("after a kill at \(blow)", within: 60)
    }

    @Test("a scheduler while it promotes due jobs: each is promoted, and runs once")
    func scheduler() throws {
        var blows: [Blow] = []
        var count = BlowCount()
        repeat {
            try FaultScene.run(FaultScene.configuration) { faults in
                try Self.warmUp(faults)
                func addDue() throws {
                    try faults.addDue(to: "retry")
                    try faults.addDue(to: "schedule")
                }
                if count.fallen == 0, blows.isEmpty, let pid = faults.daemon.schedulers.first {
                    blows = try Blow.all(of: pid, sample: 8) {
                        try addDue()
                        try faults.settle("while its calls are written down")
                    }
                }
                for _ in 1...4 {
                    eventually(within: 60, "a scheduler runs") { faults.daemon.schedulers.count == 1 }
                    guard let blow = blows.popLast(), let pid = faults.daemon.schedulers.first,
                        let tracer = try blow.aim(at: pid)
                    else { continue }
                    count.aim()
                    try addDue()
                    let start = MonotonicTime.now()
                    try faults.settle("after a kill at \(blow)", within: 90)
                    tracer.detach()
                    let wasKilled = !faults.daemon.schedulers.contains(pid)
                    if wasKilled { count.fell(rescuedAfter: MonotonicTime.now().seconds(since: start)) }
                }
                try faults.proveExactly()
                try faults.finish()
            }
        } while !blows.isEmpty
        count.tell("scheduler")
        #expect(count.fallen > (FaultRun.isFull ? 10 : 0), "blows did fall")
    }

    @Test("a worker while it stops with a job that does not end: the job is in its queue, or with the next start")
    func stopping() throws {
        var count = BlowCount()
        try FaultScene.run(Self.configuration.replacing("timeout: 5", with: "timeout: 0.2")) { faults in
            func begin() throws -> (pid: Int32, jid: String) {
                let jid = faults.ledger.newName()
                try faults.jobs.push(Jobs.payload("Sleep", jid, args: "[30]"))
                eventually(within: 30, "it runs") { faults.scene.starts(jid) == 1 }
                return (try #require(faults.daemon.workers.first), jid)
            }
            func again() throws {
                try faults.jobs.call("DEL", "queue:default")
                faults.daemon.start()
            }
            let blows = try Blow.all(of: begin().pid, sample: 6) {
                #expect(faults.daemon.stop(within: 30) == .exited(0))
            }
            try again()
            for blow in blows {
                let (pid, jid) = try begin()
                let tracer = try blow.aim(at: pid)
                count.aim()
                #expect(faults.daemon.stop(within: 20) == .exited(0))
                tracer?.detach()
                let last = faults.daemon.lines(of: "log").last { $0.contains("(pid \(pid)) ended") } ?? ""
                if last.contains("SIGKILL") { count.fell(rescuedAfter: 0) }
                #expect(faults.daemon.survivors.isEmpty)
                let held = try faults.jobs.queue().count + faults.jobs.reserved()
                #expect(held == 1, "once, after a kill at \(blow)")
                faults.daemon.start()
                eventually(within: 30, "it runs again") { faults.scene.starts(jid) == 2 }
                #expect(faults.daemon.stop(within: 20) == .exited(0))
                #expect(try faults.jobs.queue().count == 1)
                try again()
            }
            try faults.finish()
        }
        count.tell("worker that stops")
        #expect(count.fallen > 0, "blows did fall")
    }

    @Test("a supervisor while one of its workers dies: the next start gives back what that worker held")
    func supervisor() throws {
        var count = BlowCount()
        try FaultScene.run(Self.configuration) { faults in
            func killWorker() throws -> String {
                let jid = faults.ledger.newName()
                try faults.jobs.push(Jobs.payload("Sleep", jid, args: "[1]"))
                // The blow may fall before, at something a supervisor does all the time.
                eventually(within: 30, "it runs, or the supervisor is gone") {
                    faults.scene.starts(jid) == 1 || !faults.daemon.isRunning
                }
                for pid in faults.daemon.workers { Glibc.kill(pid, SIGKILL) }
                return jid
            }
            let blows = try Blow.all(of: faults.daemon.pid, sample: 6) {
                let jid = try killWorker()
                eventually(within: 30, "it runs again") { faults.scene.ends(jid) > 0 }
            }
            for blow in blows {
                // A worker that dies too often is started again more and more slowly.
                #expect(faults.daemon.stop(within: 20) == .exited(0))
                faults.daemon.start()
                let tracer = try blow.aim(at: faults.daemon.pid)
                count.aim()
                let jid = try killWorker()
                eventually(within: 30, "it runs again, or the supervisor is gone") {
                    faults.scene.ends(jid) > 0 || !faults.daemon.isRunning
                }
                tracer?.detach()
                if !faults.daemon.isRunning {
                    faults.daemon.waitForExit()
                    eventually(within: 20, "nobody is left") { faults.daemon.survivors.isEmpty }
                    let start = MonotonicTime.now()
                    faults.daemon.start()
                    eventually(within: 30, "it runs again after a kill at \(blow)") {
                        faults.scene.starts(jid) > 1 || faults.scene.ends(jid) > 0
                    }
                    count.fell(rescuedAfter: MonotonicTime.now().seconds(since: start))
                }
                eventually(within: 30, "the job is done after a kill at \(blow)") { faults.scene.ends(jid) > 0 }
                #expect(faults.scene.ends(jid) == 1)
                #expect(faults.scene.starts(jid) <= 3, "two kills")
            }
            try faults.finish()
        }
        count.tell("supervisor")
        #expect(count.fallen > 0, "blows did fall")
    }

    /// Calls that fail, each with an error of its own, every third time.
    static let failures = [
        "sendto:error=ECONNRESET", "sendto:error=EINTR", "recvfrom:error=ECONNRESET", "read:error=EINTR",
        "write:error=EINTR", "epoll_wait:error=EINTR", "connect:error=EINTR", "connect:error=ECONNREFUSED",
        "socket:error=EMFILE", "write:error=ENOSPC", "epoll_ctl:error=ENOMEM", "pipe2:error=EMFILE",
        "memfd_create:error=EMFILE", "vfork,clone,clone3:error=EAGAIN",
    ]

    @Test("calls that fail, every third one for a while: no job is lost, and none settled twice")
    func failing() throws {
        try FaultScene.run { faults in
            try Self.warmUp(faults)
            var happened = 0
            for failure in Self.failures {
                let pid = try Self.waitForWorker(faults)
                let tracers = try Tracer.threads(of: pid).map {
                    try Tracer(thread: $0, injection: "\(failure):when=2+3")
                }
                for _ in 0..<3 {
                    try faults.pushOfEachKind()
                    FaultRun.pause(0.3)
                }
                for tracer in tracers { tracer?.detach() }
                happened += tracers.count { ($0?.count ?? 0) > 0 } > 0 ? 1 : 0
                try faults.settleAgain("after \(failure)")
            }
            // Not every name is called on this day: a worker that stays connected connects to nobody.
            #expect(happened >= 3, "some of them did happen: \(happened)")
            try Self.proveNoLoss(faults, kills: Self.failures.count)
            try faults.finish()
        }
    }

    /// What a process does for the first time, such as starting a handler or a thread, is done.
    @discardableResult
    private static func warmUp(_ faults: FaultScene) throws -> Int32 {
        try faults.pushOfEachKind()
        try faults.settle("at the beginning")
        return try waitForWorker(faults)
    }

    /// One with the threads of its pool, and the one that writes the log.
    private static func waitForWorker(_ faults: FaultScene) throws -> Int32 {
        eventually(within: 60, "a worker runs: \(faults.daemon.log.suffix(800))") {
            faults.daemon.workers.first.map { Tracer.threads(of: $0).count > 2 } ?? false
        }
        return try #require(faults.daemon.workers.first)
    }

    /// Every job is where it belongs, once; a job ran twice for a kill at the most.
    private static func proveNoLoss(_ faults: FaultScene, kills: Int) throws {
        // What was given back for the last kill is done again first.
        try eventually(within: 30, "nothing is reserved, and nothing waits") {
            try faults.jobs.reserved() == 0 && faults.jobs.texts() == [] && faults.jobs.reserved() == 0
        }
        try faults.ledger.harvest(faults.scene)
        let all = faults.ledger.all
        let twice = all.values.reduce(0) { $0 + max(0, $1.starts - 1) }
        #expect(twice <= kills, "\(all.filter { $0.value.starts > 1 })")
        let misplaced = all.filter { $0.value.end != .done && $0.value.ends != 1 }
        #expect(misplaced.isEmpty, "a verdict is carried out once")
        #expect(all.values.allSatisfy { $0.starts >= 1 && $0.ends >= 1 })
        #expect(try faults.jobs.number("stat:processed") >= all.count)
    }
}
