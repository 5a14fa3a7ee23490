import Configuration
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("A class that is kept apart")
struct IsolationTests {
    private func report(_ arguments: String) -> String { #"{"class":"Report","args":[\#(arguments)],"jid":"r"}"# }
    private func mail(_ arguments: String) -> String { #"{"class":"Mail","args":[\#(arguments)],"jid":"m"}"# }
    private let reports = JobClass("Report")

    private func pool(_ rig: Rig, isIsolated: Bool) -> PoolDescription? {
        rig.dispatcher.poolDescriptions.first { $0.isIsolated == isIsolated }
    }

    @Test("each of its jobs gets a process of its own that ends with it; other classes share theirs as before")
    func ownProcesses() throws {
        let rig = try Rig(serve(), slots: 2)
        let shared = try rig.run(mail(#""done""#)).pid
        #expect(try rig.run(report(#""done""#)).pid == shared)
        rig.dispatcher.isolate(reports)
        #expect(rig.dispatcher.isolated == [reports])
        var own: [Int32] = []
        for _ in 0..<5 {
            let isolated = try rig.run(report(#""eat",50"#))
            #expect(isolated.outcome == .succeeded)
            own.append(try #require(isolated.pid))
            #expect(try rig.run(mail(#""done""#)).pid == shared)
        }
        #expect(Set(own).count == 5 && !own.contains(shared ?? 0))
        #expect(rig.turn { !own.contains(where: isAlive) }, "what they had is given back")
        rig.dispatcher.release(reports)
        #expect(try rig.run(report(#""done""#)).pid == shared)
    }

    @Test("one process is kept ready for it, so that its jobs need not wait; unused for a while, it ends")
    func ahead() throws {
        var settings = serve()
        settings.idleTimeout = 0.5
        let rig = try Rig(settings, slots: 4)
        rig.dispatcher.isolate(reports)
        _ = try rig.run(report(#""done""#))
        #expect(rig.turn { pool(rig, isIsolated: true)?.idle == 1 })
        try rig.start(report(#""done""#))
        #expect(rig.dispatcher.description(of: 0)?.standing == .running)
        _ = try rig.nextReport()
        #expect(
            rig.turn {
                guard let pool = pool(rig, isIsolated: true) else { return false }
                return pool.starting + pool.idle + pool.busy + pool.leaving == 0
            })
        #expect(try rig.run(report(#""done""#)).outcome == .succeeded)
    }

    @Test("several of its jobs run at once, each alone in its process, with threads as well")
    func several() throws {
        let rig = try Rig(serve(threads: 4), slots: 4)
        rig.dispatcher.isolate(reports)
        for slot in 0..<4 { try rig.start(report(#""sleep",0.3"#), slot: slot) }
        #expect(rig.turn { rig.reports.count == 4 })
        #expect(Set(rig.reports.compactMap(\.pid)).count == 4)
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
    }

    @Test("what runs when it is isolated or released goes on where it is")
    func running() throws {
        let rig = try Rig(serve(), slots: 2)
        try rig.start(report(#""sleep",0.5"#))
        #expect(rig.turn { rig.dispatcher.slots.first?.standing == .running })
        rig.dispatcher.isolate(reports)
        let isolated = try rig.start(report(#""sleep",1"#), slot: 1)
        #expect(rig.turn { rig.dispatcher.description(of: 1)?.standing == .running })
        rig.dispatcher.release(reports)
        #expect(rig.turn { rig.reports.count == 2 })
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
        #expect(rig.reports.last?.number == isolated)
    }

    @Test("a quiet worker keeps no process ready, and a stop ends all of them")
    func ending() throws {
        let rig = try Rig(serve(), slots: 2)
        rig.dispatcher.isolate(reports)
        let first = try #require(try rig.run(report(#""done""#)).pid)
        rig.dispatcher.quiet()
        #expect(try rig.run(report(#""done""#)).outcome == .succeeded, "a job that comes all the same is done")
        #expect(
            rig.turn {
                rig.dispatcher.poolDescriptions.allSatisfy { $0.starting + $0.idle + $0.busy + $0.leaving == 0 }
            })
        try rig.start(report(#""never""#))
        #expect(rig.turn { rig.dispatcher.slots.first?.standing == .running })
        let pid = try #require(rig.dispatcher.slots.first?.pid)
        _ = rig.stop(grace: 0)
        #expect(rig.reports.last?.outcome == .interrupted)
        #expect(!isAlive(pid) && !isAlive(first))
    }
}
