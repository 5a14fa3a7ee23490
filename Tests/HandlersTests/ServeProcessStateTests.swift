import JobModel
import Platform
import Testing

@testable import Handlers

@Suite("What follows from what a serve process does")
struct ServeProcessStateTests {
    private typealias State = ServeProcessState
    private let violation = ProtocolViolation("sang")
    private let wish = Failure(errorClass: "Cancelled", message: "cancelled by alice")
    private let timeout = Failure(errorClass: "Timeout", message: "exceeded 5m")

    private func handle(_ state: inout ServeProcessState, _ events: ServeProcessState.Event...)
        -> [ServeProcessState.Action]
    {
        var actions: [ServeProcessState.Action] = []
        for event in events { state.handle(event, into: &actions) }
        return actions
    }

    private func open(threads: Int = 1, maximumRuns: Int? = nil) -> ServeProcessState {
        var state = State(
            State.Limits(threads: threads, startSeconds: 30, graceSeconds: 5, maximumRuns: maximumRuns))
        _ = handle(&state, .spawned, .answered(.ready), .readEnded)
        return state
    }

    @Test("until it is ready it has a limit and no room; then room for its threads")
    func start() {
        var state = State(State.Limits(threads: 2, startSeconds: 30, graceSeconds: 5, maximumRuns: nil))
        #expect(handle(&state, .spawned) == [.setTimer(seconds: 30)])
        #expect(!state.hasRoom)
        #expect(handle(&state, .answered(.ready), .readEnded) == [.cancelTimer, .becameReady])
        #expect(handle(&state, .assigned(1)) == [])
        #expect(state.hasRoom && state.onlyRun == 1)
        #expect(handle(&state, .assigned(2)) == [])
        #expect(!state.hasRoom && state.onlyRun == nil)
    }

    @Test("an answer is settled when its read has ended, so a second one can take it back")
    func answers() {
        var state = open()
        _ = handle(&state, .assigned(7))
        #expect(handle(&state, .answered(.final(number: 7, .succeeded))) == [])
        #expect(handle(&state, .readEnded) == [.finish(7, .succeeded)])
        _ = handle(&state, .assigned(8))
        let twice = ProtocolViolation("answered run 8 twice")
        #expect(
            handle(
                &state, .answered(.final(number: 8, .succeeded)), .answered(.final(number: 8, .succeeded)), .readEnded)
                == [
                    .report(twice), .closed, .kill, .setTimer(seconds: HandlerProcess.secondsToDie),
                    .finish(8, .failed(twice.failure)),
                ])
    }

    @Test("a violation fails what runs, not what was answered before it, and nothing it says counts after it")
    func violations() {
        var state = open(threads: 3)
        _ = handle(&state, .assigned(1), .assigned(2), .assigned(3))
        let actions = handle(
            &state, .answered(.final(number: 1, .succeeded)), .violated(violation),
            .answered(.final(number: 2, .succeeded)), .readEnded)
        #expect(actions.contains(.finish(1, .succeeded)))
        #expect(actions.contains(.kill))
        let end = handle(&state, .exited(report(.signaled(.kill, coreDumped: false)), lastLines: ""))
        #expect(
            end == [
                .finish(2, .failed(violation.failure)), .finish(3, .failed(violation.failure)), .cancelTimer, .ended,
            ])
    }

    @Test("a timeout asks, waits for the grace, kills, and gives the process up if even that does not help")
    func timeouts() {
        var state = open()
        _ = handle(&state, .assigned(1))
        #expect(
            handle(&state, .timedOut(1, timeout, job: "job x")) == [
                .closed, .closeInput, .terminate, .setTimer(seconds: 5),
            ])
        #expect(handle(&state, .timerFired) == [.kill, .setTimer(seconds: HandlerProcess.secondsToDie)])
        #expect(handle(&state, .timerFired) == [.writeOff(1, .failed(timeout)), .stuck])
        #expect(handle(&state, .exited(report(.exited(0)), lastLines: "")) == [.cancelTimer, .ended])
    }

    @Test("one that is given up before it was ready has failed to start, once")
    func stuckAtStart() {
        var state = State(State.Limits(threads: 1, startSeconds: 30, graceSeconds: 5, maximumRuns: nil))
        _ = handle(&state, .spawned, .timerFired, .timerFired)
        #expect(handle(&state, .timerFired) == [.startFailed("it was not ready within 30s"), .stuck])
        #expect(handle(&state, .exited(report(.exited(0)), lastLines: "")) == [.cancelTimer, .ended])
    }

    @Test("a stop does not wait long for one that was killed and does not end")
    func stuckAtStop() {
        var state = open()
        _ = handle(&state, .assigned(1), .timedOut(1, timeout, job: "job x"), .timerFired)
        #expect(
            handle(&state, .stopped(grace: 1)) == [.setTimer(seconds: HandlerProcess.secondsToDieAtStop)])
        #expect(handle(&state, .timerFired) == [.writeOff(1, .failed(timeout)), .stuck])
    }

    @Test("an answer after the timeout changes nothing for that job, and counts for the others")
    func lateAnswers() {
        var state = open(threads: 3)
        _ = handle(&state, .assigned(1), .assigned(2), .assigned(3), .timedOut(1, timeout, job: "job x"))
        let actions = handle(
            &state, .answered(.final(number: 1, .succeeded)), .answered(.final(number: 2, .succeeded)), .readEnded)
        #expect(actions == [.finish(1, .failed(timeout)), .finish(2, .succeeded)])
        let end = handle(&state, .exited(report(.exited(0)), lastLines: "bye"))
        let message = "the handler's process was ended because of another job in it, job x, which exceeded 5m\nbye"
        #expect(end.first == .finish(3, .failed(Failure(errorClass: "HandlerDied", message: message))))
    }

    @Test("an interrupted run can still succeed, but not fail")
    func interrupted() {
        for (said, outcome) in [
            (Outcome.succeeded, Outcome.succeeded), (.failed(timeout), .interrupted), (.dead(timeout), .interrupted),
        ] {
            var state = open()
            _ = handle(&state, .assigned(1), .interrupted(1, grace: 1))
            #expect(handle(&state, .answered(.final(number: 1, said)), .readEnded) == [.finish(1, outcome)])
        }
    }

    @Test("a cancelled run is told so by a line, once; it can still succeed, and all else ends it as cancelled")
    func cancelled() {
        for (said, outcome) in [
            (Outcome.succeeded, Outcome.succeeded), (.failed(timeout), .cancelled(wish)),
            (.dead(timeout), .cancelled(wish)),
            (.snoozed(seconds: 3), .cancelled(wish)), (.discarded, .cancelled(wish)),
        ] {
            var state = open(threads: 2)
            _ = handle(&state, .assigned(1), .assigned(2))
            #expect(handle(&state, .cancelled(1, wish)) == [.sendCancel(1)])
            #expect(handle(&state, .cancelled(1, wish)) == [])
            #expect(state.phase == .open)
            _ = handle(&state, .answered(.final(number: 1, said)), .answered(.final(number: 2, .failed(timeout))))
            #expect(handle(&state, .readEnded) == [.finish(1, outcome), .finish(2, .failed(timeout))])
        }
    }

    @Test("one that does not heed it ends with its process, and its neighbours are interrupted, not failed")
    func cancelledInVain() {
        var state = open(threads: 2)
        _ = handle(&state, .assigned(1), .assigned(2), .cancelled(1, wish))
        #expect(
            handle(&state, .interrupted(1, grace: 5)) == [.closed, .closeInput, .terminate, .setTimer(seconds: 5)])
        let end = handle(&state, .exited(report(.signaled(.kill, coreDumped: false)), lastLines: ""))
        #expect(end == [.finish(1, .cancelled(wish)), .finish(2, .interrupted), .cancelTimer, .ended])
    }

    @Test("what is being ended for another reason is not told, and ends for that reason")
    func cancelledTooLate() {
        var state = open()
        _ = handle(&state, .assigned(1), .timedOut(1, timeout, job: "job x"))
        #expect(handle(&state, .cancelled(1, wish)) == [])
        let end = handle(&state, .exited(report(.exited(0)), lastLines: ""))
        #expect(end.first == .finish(1, .failed(timeout)))
    }

    @Test("a retired process is told, keeps its jobs, then its input is closed; it is ended only after the grace")
    func retire() {
        var state = open()
        _ = handle(&state, .assigned(1))
        #expect(handle(&state, .retired) == [.closed, .sendQuiet])
        #expect(
            handle(&state, .answered(.final(number: 1, .succeeded)), .readEnded) == [
                .finish(1, .succeeded), .closeInput, .setTimer(seconds: 5),
            ])
        #expect(handle(&state, .timerFired) == [.closeInput, .terminate, .setTimer(seconds: 5)])
        #expect(handle(&state, .exited(report(.exited(0)), lastLines: "")) == [.cancelTimer, .ended])
    }

    @Test("with its last run it is due, once, and goes on until it is replaced")
    func maximumRuns() {
        var state = open(maximumRuns: 2)
        #expect(handle(&state, .assigned(1)) == [])
        _ = handle(&state, .answered(.final(number: 1, .succeeded)), .readEnded)
        #expect(handle(&state, .assigned(2)) == [.due(.jobs(2))])
        _ = handle(&state, .answered(.final(number: 2, .succeeded)), .readEnded)
        #expect(state.hasRoom && state.isDue)
        #expect(handle(&state, .assigned(3), .overdue(.memory(1 << 30))) == [])
        #expect(handle(&state, .retired) == [.closed, .sendQuiet])
        #expect(handle(&state, .overdue(.age(60))) == [])
    }

    @Test("one for a single run is retired with it at once, so that it can end as soon as that is done")
    func singleRun() {
        var state = open(threads: 2, maximumRuns: 1)
        #expect(handle(&state, .assigned(1)) == [.closed, .sendQuiet])
        #expect(!state.hasRoom)
    }

    @Test("what it has not read goes back as if it had never been there")
    func undelivered() {
        var state = open(threads: 2)
        _ = handle(&state, .assigned(1), .assigned(2))
        #expect(handle(&state, .undelivered([2])) == [.giveBack(2)])
        let end = handle(&state, .exited(report(.exited(1)), lastLines: ""))
        #expect(
            end.contains(
                .finish(
                    1,
                    .died(
                        ServeProcessState.Cause.itself.failure(report(.exited(1)), lastLines: ""),
                        how: "handler ended with exit status 1, peak memory 34 MB"))))
        #expect(!end.contains { if case .finish(2, _) = $0 { true } else { false } })
    }

    @Test("a stop before it was ready is no failed start")
    func stoppedAtStart() {
        var state = State(State.Limits(threads: 1, startSeconds: 30, graceSeconds: 5, maximumRuns: nil))
        #expect(handle(&state, .stopped(grace: 1)) == [.closeInput, .terminate, .setTimer(seconds: 1)])
        #expect(handle(&state, .spawned) == [.kill, .setTimer(seconds: HandlerProcess.secondsToDieAtStop)])
        #expect(
            handle(&state, .exited(report(.signaled(.kill, coreDumped: false)), lastLines: "")) == [
                .cancelTimer, .ended,
            ])
    }

    @Test("a death counts if the process died of itself, and neither we nor an operator asked it to end")
    func deaths() {
        func outcome(_ status: Platform.ExitStatus, after events: ServeProcessState.Event...) -> Outcome? {
            var state = open(threads: 2)
            _ = handle(&state, .assigned(1), .assigned(2))
            for event in events { _ = handle(&state, event) }
            for case .finish(1, let outcome) in handle(&state, .exited(report(status), lastLines: "")) {
                return outcome
            }
            return nil
        }
        func isDeath(_ outcome: Outcome?) -> Bool { if case .died = outcome { true } else { false } }

        let killed = Platform.ExitStatus.signaled(.kill, coreDumped: false)
        #expect(isDeath(outcome(killed)))
        #expect(isDeath(outcome(killed, after: .retired)))
        #expect(isDeath(outcome(.exited(0))))
        #expect(!isDeath(outcome(.signaled(.terminate, coreDumped: false))))
        #expect(!isDeath(outcome(killed, after: .timedOut(2, timeout, job: "its neighbour"))))
        #expect(!isDeath(outcome(killed, after: .violated(ProtocolViolation("said nonsense")))))
        #expect(outcome(killed, after: .stopped(grace: 1)) == .interrupted)
        #expect(outcome(killed, after: .interrupted(2, grace: 1)) == .interrupted)
    }
}

private func report(_ status: Platform.ExitStatus) -> ExitReport {
    ExitReport(status: status, cpuSeconds: 0, maximumResidentKB: 34 << 10)
}
