import Configuration
import Insight
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("Which job is named when memory does not come back", .serialized)
struct MemoryIncidentTests {
    private func named(_ jobClass: String, _ arguments: String, jid: String) -> String {
        #"{"class":"\#(jobClass)","args":[\#(arguments)],"jid":"\#(jid)"}"#
    }

    @Test("a cliff of 300 MB is named, with what the process had and has, and its neighbours are not")
    func cliff() throws {
        let rig = try Rig([truth(mode: .serve)], slots: 1, memoryTimes: MemoryTimes(settle: 0.05))
        for index in 0..<20 {
            _ = try rig.run(named("Small", #"["take",5],["sleep",3]"#, jid: "before-\(index)"))
        }
        _ = try rig.run(named("Report", #"["take",100],["keep",300],["sleep",3]"#, jid: "planted"))
        for index in 0..<60 {
            _ = try rig.run(named("Small", #"["take",5],["sleep",3]"#, jid: "after-\(index)"))
        }
        let incident = try #require(rig.incidents.first)
        #expect(rig.incidents.count == 1)
        #expect(incident.kind == .cliff)
        #expect(incident.jobClass == "Report")
        #expect(incident.jid == "planted")
        #expect(incident.handler == "truth")
        #expect((incident.after - incident.before) >> 20 >= 295 && (incident.after - incident.before) >> 20 < 310)
        #expect(incident.peak >= incident.after)
        #expect(
            incident.argumentsDigest
                == ArgumentsDigest.text(of: Array(#"[["take",100],["keep",300],["sleep",3]]"#.utf8)))
        #expect(incident.alongside.isEmpty)
    }

    @Test("while the process idles the cliff of its last run is named as well, and at its end")
    func idle() throws {
        let rig = try Rig([truth(mode: .serve)], slots: 1, memoryTimes: MemoryTimes(settle: 0.05))
        _ = try rig.run(job(#"["keep",300]"#, jid: "idle"))
        #expect(rig.turn(within: 5) { rig.incidents.map(\.jid) == ["idle"] })
        let other = try Rig([truth(mode: .serve)], slots: 1, memoryTimes: MemoryTimes(settle: 3600))
        _ = try other.run(job(#"["keep",300]"#, jid: "ending"))
        _ = other.stop(grace: 1)
        #expect(other.incidents.map(\.jid) == ["ending"])
    }

    @Test("what a run gives back is no cliff, however much it was")
    func givenBack() throws {
        let rig = try Rig([truth(mode: .serve)], slots: 1, memoryTimes: MemoryTimes(settle: 0.01))
        for _ in 0..<10 { _ = try rig.run(job(#"["take",300]"#)) }
        rig.turn(within: 0.1) { false }
        #expect(rig.incidents.isEmpty)
    }

    @Test("a small leak is no cliff, but is counted as kept")
    func leak() throws {
        let rig = try Rig([truth(mode: .serve)], slots: 1, memoryTimes: MemoryTimes(settle: 0.01))
        var all = ClassCost()
        for _ in 0..<30 {
            let report = try rig.run(job(#"["keep",4],["sleep",3]"#))
            all.add(wallSeconds: report.durationSeconds, queueSeconds: nil, hasFailed: false, cost: report.cost)
        }
        #expect(rig.incidents.isEmpty)
        #expect(all.retainedBytes >> 20 >= 115 && all.retainedBytes >> 20 < 130, "\(all.retainedBytes >> 20) MB of 120")
    }

    @Test("10,000 quick runs give no alarm")
    func quick() throws {
        let rig = try Rig([truth(mode: .serve)], slots: 4, memoryTimes: MemoryTimes(settle: 0.01))
        let quick = try Job(decoding: Array(job(#"["take",1]"#).utf8))
        let queue = try #require(QueueName("default"))
        var (next, done) = (4, 0)
        rig.keepsReports = false
        rig.onReport { report in
            done += 1
            next += 1
            if next <= 10_000 { rig.dispatcher.start(Run(slot: report.slot, number: next, job: quick, queue: queue)) }
        }
        for slot in 0..<4 { rig.dispatcher.start(Run(slot: slot, number: slot + 1, job: quick, queue: queue)) }
        #expect(rig.turn(within: 60) { done == 10_000 })
        rig.onReport { _ in }
        #expect(rig.incidents.isEmpty)
    }

    @Test("with several runs in the process the one that was there all the time is named, as a guess")
    func shared() throws {
        let rig = try Rig([truth(mode: .serve, threads: 4)], slots: 4, memoryTimes: MemoryTimes(settle: 0.05))
        _ = try rig.run(job(#"["sleep",1]"#))
        try rig.start(named("Big", #"["grow",300,400]"#, jid: "big"), slot: 0)
        rig.onReport { report in
            guard report.slot > 0, rig.incidents.isEmpty else { return }
            _ = try? rig.start(named("Small", #"["sleep",10]"#, jid: "small"), slot: report.slot)
        }
        for slot in 1..<4 { try rig.start(named("Small", #"["sleep",10]"#, jid: "small"), slot: slot) }
        #expect(rig.turn(within: 20) { !rig.incidents.isEmpty })
        rig.onReport { _ in }
        let incident = try #require(rig.incidents.first)
        #expect(rig.incidents.count == 1)
        #expect(incident.jid == "big")
        #expect(incident.alongside == ["Small"])
    }

    @Test(
        "a process that grows while a run goes on is told before it ends",
        arguments: [HandlerSettings.Mode.spawn, .serve])
    func growth(mode: HandlerSettings.Mode) throws {
        let rig = try Rig(
            [truth(mode: mode)], slots: 1, memoryTimes: MemoryTimes(settle: 0.05, look: 0.05, growth: 0.5))
        try rig.start(job(#"["grow",60,3000]"#, jid: "slow"))
        #expect(rig.turn(within: 20) { !rig.incidents.isEmpty })
        #expect(rig.reports.isEmpty, "it goes on")
        #expect(rig.incidents.first?.kind == .growth)
        #expect(rig.incidents.first?.jid == "slow")
        #expect(rig.turn(within: 20) { !rig.reports.isEmpty })
        #expect(rig.incidents.filter { $0.kind == .growth }.count <= 4, "again at each doubling only")
    }

    @Test("a run that goes on and does not grow is not told")
    func steady() throws {
        let rig = try Rig(
            [truth(mode: .serve)], slots: 1, memoryTimes: MemoryTimes(settle: 0.05, look: 0.02, growth: 0.2))
        _ = try rig.run(job(#"["keep",20],["sleep",1500]"#))
        #expect(rig.incidents.isEmpty)
    }
}
