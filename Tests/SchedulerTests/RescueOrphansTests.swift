import Glibc
import Platform
import Queueing
import Redis
import TestSupport
import Testing

@testable import Scheduler

@Suite("Rescuing what vanished processes held")
struct RescueOrphansTests {
    private static let farAway = "9000000000000"

    private func origin(
        pid: Int32, start: UInt64, namespace: UInt64 = ProcessIdentity.pidNamespace,
        boot: String = ProcessIdentity.bootID
    ) -> [String] {
        [
            "host", ProcessIdentity.hostName, "boot", boot, "pidns", "\(namespace)", "pid", "\(pid)", "start",
            "\(start)",
            "role", "worker",
        ]
    }

    @Test("a process that the supervisor declares dead, at once and whatever its lease says")
    func declared() throws {
        let desk = try Desk()
        try desk.hold("elsewhere:1:x", leaseEnd: Self.farAway, "a")
        desk.desk.dead = [("elsewhere:1:x", nil), ("unknown:2:y", nil)]
        try desk.run(RescueOrphans.rescueDeclared)
        #expect(try desk.queue("q") == ["a"])
        #expect(desk.desk.dead.isEmpty)
        #expect(try desk.call("ZCARD", Keys.leases).integer == 0)
    }

    @Test("one that was declared dead while Redis was away, within half a second of its return")
    func declaredMeanwhile() throws {
        let desk = try Desk()
        try desk.hold("elsewhere:1:x", leaseEnd: Self.farAway, "a")
        desk.desk.dead = [("elsewhere:1:x", nil)]
        for task in TaskTable.tasks where task.interval <= 0.5 { try desk.run(task.runOnce) }
        #expect(try desk.queue("q") == ["a"])
    }

    @Test("a process whose lease is over")
    func over() throws {
        let desk = try Desk()
        try desk.hold("elsewhere:1:x", leaseEnd: "1000", "a")
        try desk.run(RescueOrphans.runOnce)
        #expect(try desk.queue("q") == ["a"])
        #expect(try desk.call("KEYS", "martlet:*").elements?.isEmpty == true)
    }

    @Test("nobody by a lease alone just after connecting: Redis may have been away for live workers, too")
    func justConnected() throws {
        let desk = try Desk(returnSeconds: 60)
        try desk.hold("elsewhere:1:x", leaseEnd: "1000", "a")
        let identity = "\(ProcessIdentity.hostName):7:x"
        try desk.hold(identity, leaseEnd: "1000", "b", origin: origin(pid: 1, start: 1_234_567_890))
        try desk.run(RescueOrphans.runOnce)
        #expect(try desk.queue("q") == ["b"], "a process that is known to be gone is not waited for")
    }

    @Test("a process of this boot and namespace that is no longer there, before its lease is over")
    func gone() throws {
        let desk = try Desk()
        let identity = "\(ProcessIdentity.hostName):7:x"
        // Process 1 is there, but it did not start at that time: the number is somebody else's.
        try desk.hold(identity, leaseEnd: Self.farAway, "a", origin: origin(pid: 1, start: 1_234_567_890))
        try desk.run(RescueOrphans.runOnce)
        #expect(try desk.queue("q") == ["a"])
    }

    @Test("never one that is alive, nor one of which nothing can be known")
    func alive() throws {
        let desk = try Desk()
        let host = ProcessIdentity.hostName
        let start = ProcessIdentity.startTime(of: getpid()) ?? 0
        try desk.hold("\(host):1:here", leaseEnd: Self.farAway, "a", origin: origin(pid: getpid(), start: start))
        try desk.hold("elsewhere:2:x", leaseEnd: Self.farAway, "b", origin: origin(pid: 1, start: 5))
        try desk.hold(
            "\(host):3:container", leaseEnd: Self.farAway, "c", origin: origin(pid: 1, start: 5, namespace: 1))
        try desk.hold("\(host):4:earlier", leaseEnd: Self.farAway, "d", origin: origin(pid: 1, start: 5, boot: "other"))
        try desk.hold("\(host):5:silent", leaseEnd: Self.farAway, "e")
        try desk.run(RescueOrphans.runOnce)
        #expect(try desk.queue("q").isEmpty)
        #expect(try desk.call("ZCARD", Keys.leases).integer == 5)
    }

    @Test("a queue of another type keeps its jobs reserved, and rescue is tried again")
    func polluted() throws {
        let desk = try Desk()
        try desk.hold("elsewhere:1:x", leaseEnd: "1000", "a")
        try desk.call("SET", "queue:q", "text")
        try desk.run(RescueOrphans.runOnce)
        #expect(try desk.call("HLEN", Keys.reservations("elsewhere:1:x")).integer == 1)
        try desk.call("DEL", "queue:q")
        try desk.run(RescueOrphans.runOnce)
        #expect(try desk.queue("q") == ["a"])
    }
}
