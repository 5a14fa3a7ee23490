import Queueing
import Redis
import TestSupport
import Testing

@testable import Scheduler

@Suite("The list of processes")
struct PruneProcessesTests {
    private func listed(_ desk: Desk) throws -> [String] {
        (try desk.call("SMEMBERS", "processes").elements ?? []).compactMap(\.text).sorted()
    }

    @Test("who vanished is taken out, ours or Sidekiq's own; who has a record stays")
    func prune() throws {
        let desk = try Desk()
        let (here, gone, old) = ("h:1:0123456789ab", "h:2:0123456789ab", "h:3:0123456789ab")
        try desk.call("SADD", "processes", here, gone, old)
        try desk.call("HSET", here, "info", "{}")
        // A hash without the constant part is what is left of a process that is gone.
        try desk.call("HSET", old, "busy", "0")
        try desk.run(PruneProcesses.runOnce)
        #expect(try listed(desk) == [here])
        #expect(try (1...60).contains(desk.call("TTL", "process_cleanup").integer ?? 0))
        #expect(try desk.call("GET", "process_cleanup").text == "1")
    }

    @Test("nothing is done while somebody else has done it within a minute, and nothing is locked for nothing")
    func lock() throws {
        let desk = try Desk()
        try desk.run(PruneProcesses.runOnce)
        #expect(try desk.call("EXISTS", "process_cleanup").integer == 0)
        try desk.call("SADD", "processes", "h:2:0123456789ab")
        try desk.call("SET", "process_cleanup", "1", "EX", "60")
        try desk.run(PruneProcesses.runOnce)
        #expect(try listed(desk) == ["h:2:0123456789ab"])
        try desk.call("DEL", "process_cleanup")
        try desk.run(PruneProcesses.runOnce)
        #expect(try listed(desk) == [])
    }

    @Test("what is no record is nobody's to judge")
    func strange() throws {
        let desk = try Desk()
        try desk.call("SADD", "processes", "h:2:0123456789ab", "odd")
        try desk.call("SET", "odd", "text")
        try desk.run(PruneProcesses.runOnce)
        #expect(try listed(desk) == ["odd"])
    }
}
