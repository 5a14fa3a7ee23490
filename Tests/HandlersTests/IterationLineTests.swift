import JobModel
import Testing

@testable import Handlers

@Suite("What is said of elements")
struct IterationLineTests {
    private func answer(_ line: String) throws -> Answer {
        try Array(line.utf8).withUnsafeBytes { try Answer(parsing: $0) }
    }

    @Test("a run asks where to go on, or says which element comes next, by any JSON value")
    func asks() throws {
        #expect(try answer(#"{"iterate":7}"#) == .iterate(number: 7, cursor: nil))
        for cursor in ["null", "42", #"{"id":[1.0,"é"]}"#, #""x""#] {
            #expect(
                try answer(#"{"iterate":7,"cursor":\#(cursor)}"#) == .iterate(number: 7, cursor: Array(cursor.utf8)))
        }
        #expect(try answer(#"{"interrupted":7,"cursor":3}"#) == .interrupted(number: 7, cursor: Array("3".utf8)))
        #expect(try answer(#"{"interrupted":7}"#) == .interrupted(number: 7, cursor: nil))
    }

    @Test("a cursor has 64 KiB, and no more")
    func large() throws {
        let longest = "\"" + String(repeating: "x", count: IterationState.longestCursor - 2) + "\""
        _ = try answer(#"{"iterate":7,"cursor":\#(longest)}"#)
        #expect(throws: ProtocolViolation("wrote a cursor of 65537 bytes; the limit is 65536")) {
            try answer(#"{"iterate":7,"cursor":\#(longest.dropLast())x"}"#)
        }
    }

    @Test("it is answered on one line, with the cursor as it was written")
    func lines() {
        let state = IterationState(executions: 2, cursor: Array("{\"a\":\n1.50}".utf8), runtimeSeconds: 12.5)
        let goOn = RunLine.iteration(7, .goOn(state, cancelledAt: nil))
        let text = #"{"iterate":7,"cursor":{"a": 1.50},"executions":2,"runtime":12.5}"# + "\n"
        #expect(String(decoding: goOn, as: UTF8.self) == text)
        let cancelled = RunLine.iteration(7, .interrupt(cancelledAt: 1_795_315_261))
        #expect(String(decoding: cancelled, as: UTF8.self) == #"{"interrupt":7,"cancelled":1795315261}"# + "\n")
        #expect(RunLine.iteration(7, .interrupt(cancelledAt: nil)) == Array("{\"interrupt\":7}\n".utf8))
    }

    private func handle(_ state: inout ServeProcessState, _ events: ServeProcessState.Event...)
        -> [ServeProcessState.Action]
    {
        var actions: [ServeProcessState.Action] = []
        for event in events { state.handle(event, into: &actions) }
        return actions
    }

    private func running() -> ServeProcessState {
        var state = ServeProcessState(.init(threads: 1, startSeconds: 30, graceSeconds: 5, maximumRuns: nil))
        _ = handle(&state, .spawned, .answered(.ready), .readEnded, .assigned(7))
        return state
    }

    private func ask(_ cursor: String? = nil) -> ServeProcessState.Event {
        .answered(.iterate(number: 7, cursor: cursor.map { Array($0.utf8) }))
    }

    @Test("what a run says is handed on in its order, and its last cursor before its end")
    func order() {
        var state = running()
        #expect(handle(&state, ask(), ask("1")) == [.iterate(7, cursor: nil), .iterate(7, cursor: Array("1".utf8))])
        let end = handle(&state, .answered(.interrupted(number: 7, cursor: Array("2".utf8))), .readEnded)
        #expect(end == [.iterate(7, cursor: Array("2".utf8)), .finish(7, .suspended)])
        #expect(state.hasRoom)
    }

    @Test("a run that a stop has ended goes back as such, also if it says that it stopped between two elements")
    func interrupted() {
        var state = running()
        _ = handle(&state, ask(), .interrupted(7, grace: 1))
        let end = handle(&state, .answered(.interrupted(number: 7, cursor: Array("2".utf8))), .readEnded)
        #expect(end == [.iterate(7, cursor: Array("2".utf8)), .finish(7, .interrupted)])
    }

    @Test(
        "what does not fit breaks the protocol, with words for its author",
        arguments: [
            (
                [Answer.iterate(number: 7, cursor: [0x31])],
                "wrote a cursor for run 7, which has not asked where to go on"
            ),
            (
                [.interrupted(number: 7, cursor: nil)],
                "answered `interrupted` for run 7, which has not asked where to go on"
            ),
            (
                [.iterate(number: 7, cursor: nil), .iterate(number: 7, cursor: nil)],
                "asked twice where run 7 is to go on"
            ),
            ([.iterate(number: 8, cursor: nil)], "answered run 8, which it is not running"),
            (
                [
                    .iterate(number: 7, cursor: nil), .interrupted(number: 7, cursor: nil),
                    .interrupted(number: 7, cursor: nil),
                ], "answered run 7 twice"
            ),
        ])
    func violations(answers: [Answer], words: String) {
        var state = running()
        var actions: [ServeProcessState.Action] = []
        for answer in answers { state.handle(.answered(answer), into: &actions) }
        #expect(actions.contains(.report(ProtocolViolation(words))), "\(actions)")
    }

    @Test("a spawned process cannot iterate: nobody could tell it where to go on")
    func spawned() throws {
        let rig = try Rig(shell(#"echo '{"iterate":true}' >&4; sleep 100"#))
        let failure = try #require(rig.run(job("")).outcome.failure)
        #expect(failure.errorClass == "ProtocolError")
        #expect(failure.message == "iterates, which takes mode serve or fork: here nobody could tell it where to go on")
    }
}
