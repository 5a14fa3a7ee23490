import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("How runs and handlers are ended")
struct EndingTests {
    @Test("a spawned job past its timeout is ended by SIGTERM")
    func timeout() throws {
        let rig = try Rig(shell("sleep 3600", timeout: 0.3))
        let report = try rig.run(job(""))
        #expect(
            report.outcome
                == .failed(Failure(errorClass: "Timeout", message: "exceeded 300ms (timeout of handler shell)")))
        #expect((0.3..<3).contains(report.durationSeconds))
    }

    @Test(
        "one that ignores SIGTERM, or has stopped itself, is gone after the grace",
        arguments: ["trap '' TERM", "kill -STOP $$"])
    func stubborn(script: String) throws {
        let rig = try Rig(shell("\(script); while :; do sleep 1; done", timeout: 0.3, grace: 0.4))
        let report = try rig.run(job(""))
        #expect(report.outcome.failure?.errorClass == "Timeout")
        #expect(report.durationSeconds < 0.3 + 0.4 + 1)
    }

    @Test("a process that ends while a debugger holds it ends its run as soon as the debugger lets go")
    func traced() throws {
        let rig = try Rig(shell("sleep 3600"))
        try rig.start(job(""))
        #expect(rig.turn { rig.dispatcher.slots.first?.pid != nil })
        let pid = try #require(rig.dispatcher.slots.first?.pid)
        let directory = TemporaryDirectory()
        let file = directory.path + "/held"
        let tracer = try ProcessSpec(
            executable: "/usr/bin/python3", arguments: ["python3", evil("tracer.py"), "\(pid)", file], environment: []
        ).spawn()
        defer {
            tracer.signal(.kill)
            _ = tracer.wait(until: .now().advanced(bySeconds: 5))
        }
        #expect(rig.turn(within: 20) { access(file, F_OK) == 0 })
        kill(pid, SIGKILL)
        // It stays a zombie for as long as the tracer wants.
        #expect(!rig.turn(within: 0.5) { !rig.reports.isEmpty })
        tracer.signal(.kill)
        let report = try rig.nextReport()
        #expect(report.outcome.failure?.errorClass == "Signal")
    }

    @Test("an interrupted run is nobody's fault, and its process is gone when it is reported")
    func interrupt() throws {
        let rig = try Rig([shell("sleep 3600", classes: ["Spawn"]), serve()], slots: 3)
        try rig.start(#"{"class":"Spawn"}"#, slot: 0)
        try rig.start(job(#""never""#), slot: 1)
        try rig.start(job(#""never, stubborn""#), slot: 2)
        #expect(rig.turn { rig.dispatcher.slots.count { $0.pid != nil } == 3 })
        let pids = rig.dispatcher.slots.compactMap(\.pid)
        for slot in 0..<3 { rig.dispatcher.interrupt(slot, grace: 0.3) }
        #expect(rig.turn { rig.reports.count == 3 })
        #expect(rig.reports.allSatisfy { $0.outcome == .interrupted })
        #expect(!pids.contains(where: isAlive))
        #expect(try rig.run(job(#""done""#), slot: 1).outcome == .succeeded)
    }

    @Test("a run interrupted before its process exists is reported all the same")
    func interruptEarly() throws {
        let rig = try Rig([shell("sleep 3600", classes: ["Spawn"]), serve()], slots: 2)
        try rig.start(#"{"class":"Spawn"}"#, slot: 0)
        try rig.start(job(#""never""#), slot: 1)
        rig.dispatcher.interrupt(0)
        rig.dispatcher.interrupt(1)
        #expect(rig.reports.isEmpty)
        #expect(rig.turn { rig.reports.count == 2 })
        #expect(rig.reports.allSatisfy { $0.outcome == .interrupted })
    }

    @Test("a handler that still says it is done when we end it is believed")
    func doneAtTheEnd() throws {
        let rig = try Rig(serve(), slots: 1)
        try rig.start(job(#""done on TERM""#))
        #expect(rig.turn { !rig.progress.isEmpty })
        rig.dispatcher.interrupt(0)
        #expect(try rig.nextReport().outcome == .succeeded)
    }

    @Test("a stop ends every handler within its grace, busy, idle and stubborn ones")
    func stop() throws {
        let rig = try Rig([shell("trap '' TERM; sleep 3600", classes: ["Spawn"]), serve()], slots: 4)
        try rig.start(#"{"class":"Spawn"}"#, slot: 0)
        try rig.start(job(#""never, stubborn""#), slot: 1)
        try rig.start(job(#""sleep",0.1"#), slot: 2)
        _ = try rig.nextReport()
        try rig.start(job(#""never""#), slot: 3)
        #expect(rig.turn { rig.dispatcher.slots.count { $0.pid != nil } == 3 })
        let pids = rig.reports.compactMap(\.pid) + rig.dispatcher.slots.compactMap(\.pid)
        #expect(rig.stop(grace: 0.5) < 2.5)
        #expect(rig.reports.dropFirst().map(\.outcome) == [.interrupted, .interrupted, .interrupted])
        #expect(!pids.contains(where: isAlive))
        #expect(rig.dispatcher.poolDescriptions.first?.idle == 0)
    }

    @Test("a stop with nothing to end is over at once")
    func emptyStop() throws {
        #expect(try Rig(serve()).stop(grace: 1) < 0.5)
    }

    @Test("after quiet the running job is finished, then the process is told and ends by itself")
    func quiet() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(serve(arguments: [directory.path]), slots: 2)
        for slot in 0..<2 { try rig.start(job(#""sleep",0.3"#), slot: slot) }
        #expect(rig.turn { rig.dispatcher.poolDescriptions.first?.busy == 2 })
        rig.dispatcher.quiet()
        #expect(rig.turn { rig.reports.count == 2 })
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
        let pids = rig.reports.compactMap(\.pid)
        #expect(rig.turn { !pids.contains(where: isAlive) })
        let lines = try FileDescriptor.open(directory.path + "/lines", O_RDONLY).readAll()
        #expect(String(decoding: lines, as: UTF8.self).split(separator: "\n").count { $0 == #"{"quiet":true}"# } == 2)
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded, "a job that comes all the same is done")
    }

    @Test("a flood of output neither stops the others nor is passed on whole")
    func flood() throws {
        let flooding = shell("exec yes 'a line of a flood that does not end'", timeout: 3, classes: ["Flood"])
        let rig = try Rig([flooding, serve()], slots: 2)
        try rig.start(#"{"class":"Flood"}"#, slot: 0)
        #expect(rig.turn { !rig.lines.isEmpty })
        for _ in 0..<200 { #expect(try rig.run(job(#""done""#), slot: 1).outcome == .succeeded) }
        #expect(rig.turn { rig.reports.last?.slot == 0 })
        #expect(rig.reports.last?.outcome.failure?.errorClass == "Timeout")
        #expect(rig.lines.count <= 1000 * 6)
        let omitted = rig.output.reduce(0) { if case .omitted(let bytes) = $1.content { $0 + bytes } else { $0 } }
        #expect(omitted > 10 << 20)
    }

    @Test("a line without end is cut, and binary output does no harm")
    func longLine() throws {
        let rig = try Rig(shell("head -c 100000 /dev/zero | tr '\\0' x; echo; printf '\\377\\000\\n'; echo after"))
        #expect(try rig.run(job("")).outcome == .succeeded)
        #expect(rig.lines.count == 3)
        #expect(rig.lines.first?.utf8.count == (8 << 10) + " … (cut)".utf8.count)
        #expect(rig.lines.last == "after")
    }

    @Test("what a spawned handler writes to descriptor 4 is its verdict")
    func verdicts() throws {
        let rig = try Rig(
            shell(#"read -r line; eval "$(printf '%s' "$line" | sed 's/.*"do":"\([^"]*\)".*/\1/' | tr @ '"')""#))
        func run(_ script: String) throws -> DispatchReport {
            try rig.run(#"{"class":"X","do":"\#(script.replacing("\"", with: "@"))"}"#)
        }
        let failed = Failure(errorClass: "E", message: "m")
        #expect(try run(#"echo '{"done":true}' >&4"#).outcome == .succeeded)
        #expect(try run(#"echo '{"discard":true}' >&4"#).outcome == .discarded)
        #expect(try run(#"echo '{"snooze":null,"seconds":5}' >&4"#).outcome == .snoozed(seconds: 5))
        #expect(try run(#"echo '{"failed":true,"class":"E","message":"m"}' >&4"#).outcome == .failed(failed))
        #expect(try run(#"echo '{"failed":true,"class":"E","message":"m"}' >&4; exit 1"#).outcome == .failed(failed))
        #expect(try run(#"echo '{"failed":7,"class":"E","message":"m"}' >&4; exit 65"#).outcome == .dead(failed))
        #expect(try run(#"echo '{"dead":true,"class":"E","message":"m"}' >&4"#).outcome == .dead(failed))
        #expect(try run(#"echo '{"done":true}' >&4; exit 2"#).outcome.failure?.message == "exit status 2")
        #expect(try run(#"echo '{"done":true}{' >&4"#).outcome.failure?.errorClass == "ProtocolError")
        #expect(try run(#"printf '{"done":true}\n{"done":true}\n' >&4"#).outcome.failure?.errorClass == "ProtocolError")
        #expect(try run(#"echo '{"ready":true}' >&4; sleep 3600"#).outcome.failure?.errorClass == "ProtocolError")
        let pushed = try run(#"echo '{"push":true,"jobs":[{"class":"R","args":[1.0]}]}' >&4"#)
        #expect(pushed.outcome == .succeeded)
        #expect(pushed.children.map { String(decoding: $0, as: UTF8.self) } == [#"{"class":"R","args":[1.0]}"#])
    }
}
