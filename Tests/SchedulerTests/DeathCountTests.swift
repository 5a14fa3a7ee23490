import JobModel
import Platform
import Queueing
import Redis
import TestSupport
import Testing

@testable import Scheduler

/// The desk's limit is two deaths.
@Suite("Deaths of workers count against what they were running")
struct DeathCountTests {
    private let killed = WorkerDeath(how: "killed by SIGKILL, peak memory 9 MB", running: [1])

    private func rescue(_ desk: Desk, _ identity: String, _ death: WorkerDeath?) throws {
        try desk.hold(identity, leaseEnd: "9000000000000", "a")
        desk.desk.dead = [(identity, death)]
        try desk.run(RescueOrphans.rescueDeclared)
    }

    @Test("one death too many buries the job, with the reason, the signal and the memory")
    func buried() throws {
        let desk = try Desk()
        try rescue(desk, "h:1:x", killed)
        #expect(try desk.queue("q") == ["a"])
        try desk.call("DEL", "queue:q")
        try rescue(desk, "h:2:x", killed)
        #expect(try desk.queue("q").isEmpty)
        #expect(try desk.names("dead") == ["a"])
        let dead = try #require(desk.call("ZRANGE", "dead", "0", "-1").elements?.first?.bytes)
        let object = try JSONObject(scanning: dead)
        #expect(object.string("error_class") == "Poison")
        #expect(
            object.string("error_message")
                == "poison: it was running at 2 unexplained deaths of its worker or handler within 72 h; "
                + "the last: worker killed by SIGKILL, peak memory 9 MB")
        #expect(try desk.call("GET", Keys.poisoned).integer == 1)
    }

    @Test("a worker that was told to end, and a job that only waited in it, count nothing")
    func uncounted() throws {
        let desk = try Desk()
        try rescue(desk, "h:1:x", nil)
        try rescue(desk, "h:2:x", WorkerDeath(how: "killed by SIGKILL", running: [2]))
        #expect(try desk.call("EXISTS", Keys.deaths("a")).integer == 0)
    }

    @Test("one death counts once, also for a job that was pushed twice")
    func twins() throws {
        let desk = try Desk()
        try desk.call("HSET", Keys.reservations("h:1:x"), "0000000000000002:q", Desk.payload("a"))
        try rescue(desk, "h:1:x", WorkerDeath(how: "killed by SIGKILL", running: [1, 2]))
        #expect(try desk.queue("q") == ["a", "a"])
        #expect(try desk.call("LLEN", Keys.deaths("a")).integer == 1)
    }

    /// A process that nobody saw die, and what it last told.
    private func lose(_ desk: Desk, _ identity: String, quiet: Bool = false, origin: [String] = []) throws {
        try desk.hold(identity, leaseEnd: "1000", "a", origin: origin)
        try desk.call("HSET", Keys.processRecord(identity), "quiet", "\(quiet)")
        try desk.call("HSET", Keys.work(identity), "0", #"{"queue":"q","payload":"{}","run_at":1,"reservation":1}"#)
        try desk.run(RescueOrphans.runOnce)
        #expect(try desk.queue("q") == ["a"])
        try desk.call("DEL", "queue:q")
    }

    @Test("of a host that is gone, what its worker last told counts, unless it was told to stop")
    func lost() throws {
        let desk = try Desk()
        try lose(desk, "elsewhere:1:x", quiet: true)
        #expect(try desk.call("LLEN", Keys.deaths("a")).integer == 0)
        try lose(desk, "elsewhere:2:x")
        #expect(try desk.call("LLEN", Keys.deaths("a")).integer == 1)
    }

    @Test("a process that lives and only lost its lease has not died")
    func cutOff() throws {
        let desk = try Desk()
        let start = ProcessIdentity.startTime(of: 1) ?? 0
        let origin = [
            "host", ProcessIdentity.hostName, "boot", ProcessIdentity.bootID, "pidns",
            "\(ProcessIdentity.pidNamespace)", "pid", "1", "start", "\(start)", "role", "worker",
        ]
        try lose(desk, "\(ProcessIdentity.hostName):1:x", origin: origin)
        #expect(try desk.call("LLEN", Keys.deaths("a")).integer == 0)
    }
}
