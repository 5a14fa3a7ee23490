import Logging
import Platform
import Queueing
import Redis
import TestSupport
import Testing

@testable import Scheduler

@Suite("What is wrong with one thing stops nothing else")
struct TroubleTests {
    @Test("an identity whose reservations are no hash keeps no other from its rescue, and the connection stays")
    func oneBrokenIdentity() throws {
        let desk = try Desk()
        try desk.call("SET", Keys.reservations("host:1:broken"), "I am no hash")
        try desk.hold("host:2:whole", leaseEnd: "1", "a")
        desk.desk.dead = [("host:1:broken", nil), ("host:2:whole", nil)]
        try desk.run(RescueOrphans.rescueDeclared)
        #expect(try desk.queue("q") == ["a"])
        #expect(desk.desk.dead.map(\.identity) == ["host:1:broken"], "it is tried again")
        #expect(desk.desk.summary == "connected")
        try desk.call("DEL", Keys.reservations("host:1:broken"))
        try desk.run(RescueOrphans.rescueDeclared)
        #expect(desk.desk.dead.isEmpty)
    }

    @Test("a server that is made to drop jobs is complained of within a minute, once, and its recovery is told")
    func eviction() throws {
        let records = Records()
        let log = Logger(label: "test", factory: { _ in RecordingLogHandler(level: .info, sink: records) })
        let desk = try Desk(log: log)
        try desk.run(InspectServer.runOnce)
        #expect(records.all.isEmpty)
        try desk.call("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        try desk.run(InspectServer.runOnce)
        try desk.run(InspectServer.runOnce)
        #expect(records.all.count == 1)
        try desk.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
        try desk.run(InspectServer.runOnce)
        #expect(records.all.count == 2)
        let task = try #require(TaskTable.tasks.first { $0.name == "inspect the server" })
        #expect(task.interval <= 60)
    }
}

/// Keeps what is logged.
private final class Records: LogSink {
    private let kept = Monitor<[String]>([])

    var all: [String] { kept.withLock { $0 } }

    func add(_ record: LogRecord) { kept.withLock { $0.append(record.message) } }
}
