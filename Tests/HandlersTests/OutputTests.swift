import Configuration
import Glibc
import JobModel
import Logging
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("What handlers print", .ownThread)
struct OutputTests {
    private func content(_ rig: Rig) -> [HandlerOutput.Content] { rig.output.map(\.content) }

    @Test("each line has the level it says itself, its job, and its stream")
    func levels() throws {
        let rig = try Rig(
            shell(#"echo "<3>broken"; echo '{"level":40,"msg":"odd"}'; echo plain >&2; printf '<7>last'"#))
        _ = try rig.run(job("1", jid: "ab"))
        let lines = rig.output.map { "\($0.level) \($0.stream) \($0.run?.job.jid ?? "-")" }
        #expect(rig.lines.sorted() == ["broken", "last", "plain", #"{"level":40,"msg":"odd"}"#])
        #expect(lines.sorted() == ["debug stdout ab", "error stdout ab", "info stderr ab", "warning stdout ab"])
    }

    @Test(
        "of a run that prints too much the beginning is logged as it comes, the end when it ends, and how much is between"
    )
    func tooMuch() throws {
        var handler = shell("seq 1000000 2>&1; echo the end; echo '<3>why' >&2; exit 1")
        handler.confinement.output = 16 << 10
        let rig = try Rig(handler)
        let report = try rig.run(job("1"))
        #expect(report.outcome.failure?.message == "why", "its error is what it said last on standard error")
        #expect(rig.lines.first == "1")
        #expect(rig.lines.suffix(2).sorted() == ["the end", "why"])
        #expect(rig.lines.contains("1000000"))
        #expect(rig.lines.reduce(0) { $0 + $1.utf8.count + 1 } < 20 << 10)
        let between = content(rig).filter { if case .line = $0 { false } else { true } }
        #expect(between.first == .heldBack(after: 12 << 10, last: 4 << 10))
        guard between.count == 2, case .omitted(let bytes) = between[1] else {
            return #expect(Bool(false), "\(between)")
        }
        // What seq prints, and not a line of it that is logged.
        let printed = 6_888_896 + "the end\n".utf8.count
        let logged = rig.output.reduce(0) {
            if case .line(let text) = $1.content, $1.stream == .stdout { $0 + text.utf8.count + 1 } else { $0 }
        }
        #expect(bytes == printed - logged)
        // No line has lost its beginning.
        let numbers = rig.lines.compactMap { Int($0) }
        #expect(numbers.count == rig.lines.count - 2)
        #expect(zip(numbers, numbers.dropFirst()).filter { $1 != $0 + 1 }.count == 1)
    }

    @Test("a run has its allowance, whatever the one before it in the same process has printed")
    func allowances() throws {
        var handler = serve()
        handler.confinement.output = 8 << 10
        let rig = try Rig(handler)
        for number in 1...3 {
            let before = rig.output.count
            _ = try rig.run(job(#""say", "\#(number) \#(String(repeating: "x", count: 990))", 0, 12"#))
            let new = rig.output[before...].map(\.content)
            #expect(new.count { if case .line = $0 { true } else { false } } == 9, "\(new.count)")
            #expect(new.contains { if case .omitted = $0 { true } else { false } })
        }
    }

    @Test(
        "where a process has several runs, a line that begins with a jid is that run's, and all together have as much as each"
    )
    func several() throws {
        var handler = serve(threads: 4)
        handler.confinement.output = 4 << 10
        let rig = try Rig(handler)
        for (slot, jid) in ["one", "two"].enumerated() {
            try rig.start(job(#""say", "<4>jid=\#(jid) hello\njid=nobody hello", 0.5"#, jid: jid), slot: slot)
        }
        #expect(rig.turn { rig.reports.count == 2 })
        let told = rig.output.filter { $0.run != nil }
        #expect(Set(told.map { $0.run?.job.jid }) == ["one", "two"])
        #expect(told.allSatisfy { $0.content == .line("hello") && $0.level == .warning })
        #expect(rig.lines.count { $0 == "jid=nobody hello" } == 2)
    }

    @Test("a process without a run is not held to an allowance")
    func idle() throws {
        var handler = serveShell(
            #"seq 1000; echo '{"ready":true}' >&4; read -r line <&3; echo '{"done":1}' >&4; cat <&3"#)
        handler.confinement.output = 4 << 10
        let rig = try Rig(handler)
        _ = try rig.run(job("1"))
        #expect(rig.lines == (1...1000).map(String.init))
    }
}
