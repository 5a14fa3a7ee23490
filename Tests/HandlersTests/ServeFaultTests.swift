import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("A serve process that misbehaves fails its own job only, and is replaced")
struct ServeFaultTests {
    /// The job fails as said, and the next one is done by another process.
    private func expectReplaced(
        _ arguments: String, _ errorClass: String, _ message: String, timeout: Double? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let rig = try Rig(serve(timeout: timeout, grace: 0.3), slots: 1)
        let report = try rig.run(job(arguments))
        let failure = try #require(report.outcome.failure, sourceLocation: sourceLocation)
        #expect(failure.errorClass == errorClass, sourceLocation: sourceLocation)
        #expect(failure.message.contains(message), "\(failure.message)", sourceLocation: sourceLocation)
        let next = try rig.run(job(#""done""#))
        #expect(next.outcome == .succeeded, sourceLocation: sourceLocation)
        #expect(next.pid != report.pid, sourceLocation: sourceLocation)
        let pid = try #require(report.pid, sourceLocation: sourceLocation)
        #expect(rig.turn { !isAlive(pid) }, sourceLocation: sourceLocation)
    }

    @Test(
        "what it says against the protocol is a ProtocolError that names it",
        arguments: [
            (#""nonsense""#, "not a JSON object: Traceback (most recent call last):"),
            (#""other""#, "answered run 1001, which it is not running"),
            (#""ready""#, "said `ready` twice"),
            (#""bare failed""#, "`failed` without a `class`"),
            (#""no number""#, "left out the run's number"),
            (#""long""#, "a line longer than 1 MiB"),
            (#""twice""#, "answered run 1 twice"),
            (#""close""#, "closed descriptor 4 and went on"),
            (#""snooze",-1"#, "`snooze` without `seconds` from 0"),
            (#""snooze","soon""#, "`snooze` without `seconds` from 0"),
            (#""push",7"#, "pushed a job that cannot be enqueued"),
        ])
    func protocolErrors(arguments: String, message: String) throws {
        try expectReplaced(arguments, "ProtocolError", message)
    }

    @Test("its end during a job says how, with its last words")
    func dies() throws {
        try expectReplaced(#""die",3"#, "HandlerDied", "ended during the job: exit status 3\nfirst words\nlast words")
        try expectReplaced(#""die",0"#, "HandlerDied", "ended during the job: exit status 0")
        try expectReplaced(#""segfault""#, "HandlerDied", "ended during the job: killed by SIGSEGV")
        try expectReplaced(#""half an answer and die""#, "HandlerDied", "ended during the job: exit status 3")
    }

    @Test("what it answered before its end counts")
    func answersAndDies() throws {
        let rig = try Rig(serve(), slots: 1)
        #expect(try rig.run(job(#""done and die""#)).outcome == .succeeded)
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded)
    }

    @Test("a job past its timeout is ended by SIGTERM, or by SIGKILL after the grace")
    func timeouts() throws {
        try expectReplaced(#""never""#, "Timeout", "exceeded 500ms (timeout of handler python)", timeout: 0.5)
        try expectReplaced(#""never, stubborn""#, "Timeout", "exceeded 500ms", timeout: 0.5)
        try expectReplaced(#""stop""#, "Timeout", "exceeded 500ms", timeout: 0.5)
    }

    @Test("with threads, the timeout of one job ends the others with a failure that names it")
    func timeoutOfNeighbour() throws {
        let rig = try Rig(serve(threads: 2, timeout: 1.5, grace: 0.2), slots: 2)
        try rig.start(job(#""never""#, jid: "slow"), slot: 0)
        #expect(rig.turn { rig.dispatcher.poolDescriptions.first?.busy == 1 })
        let started = MonotonicTime.now()
        rig.turn { MonotonicTime.now().seconds(since: started) > 0.7 }
        try rig.start(job(#""never""#, jid: "neighbour"), slot: 1)
        #expect(rig.turn { rig.reports.count == 2 })
        let bySlot = Dictionary(uniqueKeysWithValues: rig.reports.map { ($0.slot, $0.outcome.failure) })
        #expect(bySlot[0]??.errorClass == "Timeout")
        #expect(bySlot[1]??.errorClass == "HandlerDied")
        #expect(bySlot[1]??.message.contains("job slow, which exceeded 1500ms") == true)
        #expect(rig.spawns.count == 1)
    }

    @Test("a process that ends between two jobs costs none of them an attempt")
    func endsBetween() throws {
        let script = """
            echo '{"ready":true}' >&4; read -r line <&3; n=${line#'{"run":'}; echo "{\\"done\\":${n%%,*}}" >&4
            """
        let rig = try Rig(serveShell(script), slots: 1)
        for _ in 0..<5 {
            #expect(try rig.run(job(#""x""#)).outcome == .succeeded)
        }
        #expect(rig.spawns.count == 5)
    }

    @Test("a handler whose processes end before they read a job fails it after a few tries")
    func neverReads() throws {
        let rig = try Rig(serveShell(#"echo '{"ready":true}' >&4; exit 0"#), slots: 1)
        let failure = try #require(try rig.run(job(#""x""#)).outcome.failure)
        #expect(failure.errorClass == "HandlerDied")
        #expect(rig.spawns.count <= 5)
    }

    @Test("one that dies at its start fails the job with what it said, and is not started over and over")
    func diesAtStart() throws {
        let rig = try Rig(serveShell("echo 'cannot find the database' >&2; exit 3"), slots: 4)
        rig.onReport { report in _ = try? rig.start(job(#""x""#), slot: report.slot) }
        for slot in 0..<4 { try rig.start(job(#""x""#), slot: slot) }
        let start = MonotonicTime.now()
        rig.turn { MonotonicTime.now().seconds(since: start) > 3 }
        rig.onReport { _ in }
        #expect(rig.reports.count >= 8)
        #expect(
            rig.reports.allSatisfy {
                $0.outcome
                    == .notStarted(
                        Failure(
                            errorClass: "StartFailed",
                            message: "handler shell did not start: exit status 3 before it was ready\n"
                                + "cannot find the database"))
            })
        // Four at once, then one each after 0.1, 0.2, 0.4, 0.8 and 1.6 s.
        #expect((5...10).contains(rig.spawns.count), "\(rig.spawns.count)")
        let pool = try #require(rig.dispatcher.poolDescriptions.first)
        #expect(pool.startFailures >= 2)
    }

    @Test("one that is not ready in time is ended, and the job fails with StartFailed")
    func neverReady() throws {
        let rig = try Rig(
            serveShell("trap '' TERM; echo starting >&2; sleep 3600 & wait; wait", startTimeout: 0.3, grace: 0.2),
            slots: 1)
        let failure = try #require(try rig.run(job(#""x""#)).outcome.failure)
        #expect(failure.errorClass == "StartFailed")
        #expect(failure.message == "handler shell did not start: it was not ready within 300ms\nstarting")
    }

    @Test("one that is ready too late has failed to start all the same")
    func readyTooLate() throws {
        let script = #"trap '' TERM; sleep 0.5; echo '{"ready":true}' >&4; exec sleep 3600"#
        let rig = try Rig(serveShell(script, startTimeout: 0.2, grace: 1), slots: 1)
        let failure = try #require(try rig.run(job(#""x""#)).outcome.failure)
        #expect(failure.message == "handler shell did not start: it was not ready within 200ms")
        #expect(rig.spawns.count == 1)
    }

    @Test("one that cannot be executed fails the job with StartFailed")
    func missing() throws {
        var settings = serve()
        settings.executable = "/nonexistent"
        let failure = try #require(try Rig(settings).run(job(#""x""#)).outcome.failure)
        #expect(failure.errorClass == "StartFailed")
        #expect(failure.message.contains("cannot execute /nonexistent: No such file or directory"))
    }

    @Test("an answer before `ready` is nonsense too")
    func answersBeforeReady() throws {
        let rig = try Rig(serveShell(#"echo '{"done":1}' >&4; exec sleep 3600"#), slots: 1)
        let failure = try #require(try rig.run(job(#""x""#)).outcome.failure)
        #expect(failure.errorClass == "StartFailed")
        #expect(failure.message.contains("answered run 1, which it is not running"))
    }
}
