import Configuration
import JobModel
import Testing

@testable import Handlers

@Suite("How runs are cancelled")
struct CancelTests {
    private let wish = Failure(errorClass: "Cancelled", message: "cancelled by alice@web1")

    @Test("a serve process is told by a line, and goes on with what else it runs")
    func line() throws {
        let rig = try Rig(serve(threads: 2), slots: 2)
        try rig.start(job(#""until cancelled""#), slot: 0)
        try rig.start(job(#""sleep",0.6"#), slot: 1)
        #expect(rig.turn { rig.dispatcher.slots.allSatisfy { $0.pid != nil } })
        let pids = Set(rig.dispatcher.slots.map(\.pid))
        rig.dispatcher.cancel(0, with: wish)
        #expect(rig.dispatcher.description(of: 0)?.standing == .ending)
        let report = try rig.nextReport()
        #expect(report.slot == 0 && report.outcome == .cancelled(wish))
        let other = try rig.nextReport()
        #expect(other.outcome == .succeeded)
        // The same process goes on.
        #expect(try rig.run(job(#""done""#), slot: 0).pid == other.pid && pids == [other.pid])
    }

    @Test("one that says that it was done is believed")
    func done() throws {
        let rig = try Rig(serve(threads: 2))
        try rig.start(job(#""until cancelled","done""#))
        #expect(rig.turn { rig.dispatcher.slots.first?.pid != nil })
        rig.dispatcher.cancel(0, with: wish)
        #expect(try rig.nextReport().outcome == .succeeded)
    }

    @Test(
        "one that does not heed the line gets SIGTERM after the grace, SIGKILL after another; its neighbour goes back")
    func stubborn() throws {
        let rig = try Rig(serve(threads: 2, grace: 0.4), slots: 2)
        try rig.start(job(#""never""#), slot: 0)
        try rig.start(job(#""never""#), slot: 1)
        #expect(rig.turn { rig.dispatcher.slots.count { $0.pid != nil } == 2 })
        rig.dispatcher.cancel(0, with: wish)
        #expect(rig.turn { rig.reports.count == 2 })
        #expect(rig.reports.first { $0.slot == 0 }?.outcome == .cancelled(wish))
        #expect(rig.reports.first { $0.slot == 1 }?.outcome == .interrupted)
        #expect((0.4..<5).contains(rig.reports[0].durationSeconds))

        let deaf = try Rig(
            serveShell("trap '' TERM; echo '{\"ready\":true}' >&4; while :; do sleep 1; done", grace: 0.3))
        try deaf.start(job(""))
        #expect(deaf.turn { deaf.dispatcher.slots.first?.pid != nil })
        deaf.dispatcher.cancel(0, with: wish)
        let report = try deaf.nextReport()
        #expect(report.outcome == .cancelled(wish))
        #expect(report.durationSeconds >= 0.6)
    }

    @Test("a spawned process gets SIGTERM at once; status 0 alone does not make it done, its word does")
    func spawned() throws {
        for (script, isDone) in [
            ("sleep 3600", false), ("trap 'exit 0' TERM; while :; do sleep 0.05; done", false),
            (#"trap 'echo "{\"done\":true}" >&4; exit 0' TERM; while :; do sleep 0.05; done"#, true),
        ] {
            let rig = try Rig(shell(script))
            try rig.start(job(""))
            #expect(rig.turn { rig.dispatcher.slots.first?.pid != nil })
            // The trap has to be set before it is of use.
            rig.turn(within: 0.3) { false }
            rig.dispatcher.cancel(0, with: wish)
            let report = try rig.nextReport()
            #expect(report.outcome == (isDone ? .succeeded : .cancelled(wish)), "\(script)")
            #expect(report.durationSeconds < 4)
        }
    }

    @Test("a run that waits for a process, and one whose process is being made, end at once")
    func early() throws {
        let rig = try Rig([shell("sleep 3600", classes: ["Spawn"]), serveShell("sleep 3600")], slots: 3)
        try rig.start(#"{"class":"Spawn"}"#, slot: 0)
        try rig.start(job(""), slot: 1)
        for slot in 0..<2 { rig.dispatcher.cancel(slot, with: wish) }
        rig.dispatcher.cancel(2, with: wish)
        #expect(rig.turn(within: 5) { rig.reports.count == 2 })
        #expect(rig.reports.allSatisfy { $0.outcome == .cancelled(wish) })
        // Which says that it was not begun.
        #expect(rig.reports.first { $0.slot == 1 }?.pid == nil)
    }

    @Test("a timeout meanwhile changes nothing, and neither does a stop: it is cancelled")
    func otherEnds() throws {
        let rig = try Rig(serve(timeout: 0.3, grace: 0.6))
        try rig.start(job(#""never""#))
        #expect(rig.turn { rig.dispatcher.slots.first?.pid != nil })
        rig.dispatcher.cancel(0, with: wish)
        #expect(try rig.nextReport().outcome == .cancelled(wish))

        let stopped = try Rig(serve())
        try stopped.start(job(#""never""#))
        #expect(stopped.turn { stopped.dispatcher.slots.first?.pid != nil })
        stopped.dispatcher.cancel(0, with: wish)
        #expect(stopped.stop(grace: 0.2) < 3)
        #expect(stopped.reports.last?.outcome == .cancelled(wish))
    }
}
