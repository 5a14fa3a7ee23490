import Glibc
import Platform
import Supervisor
import Testing

@Suite("The supervisor with real processes")
struct SupervisorLoopTests {
    @Test("a killed worker is started again, its detached descendant is killed, and the scheduler is told")
    func killedWorker() async {
        await #expect(processExitsWith: .exitCode(0)) {
            RealService.run([(.worker, ["detaching"]), (.scheduler, [])]) { service in
                service.waits(for: "worker and scheduler are ready") { service.lines("ready").count == 2 }
                let worker = service.pids(of: .worker, saying: "ready")[0]
                service.waits(for: "the stray is there") { service.stray.map { !service.isGone($0) } == true }
                let stray = service.stray ?? 0
                kill(worker, SIGKILL)
                service.waits(for: "a second worker is ready") {
                    service.pids(of: .worker, saying: "ready").count == 2
                }
                service.waits(for: "the stray is gone") { service.isGone(stray) && service.isGone(worker) }
                service.waits(for: "the scheduler heard of it") {
                    service.lines("heard dead worker-\(worker)").map(\.name) == ["scheduler"]
                }
                service.signal(.terminate)
                service.waits(for: "both were told to end") { service.lines("terminated").count == 2 }
            }
        }
    }

    @Test("a program that cannot be executed ends the service, which says what it tried")
    func cannotExecute() async {
        let result = await #expect(
            processExitsWith: .exitCode(71), observing: [\.standardErrorContent, \.standardOutputContent]
        ) {
            let process = ProcessSpec(executable: "/nonexistent/martlet", arguments: ["martlet"])
            let plan = Plan(children: [ChildSpec(role: .worker, process: process)], settings: [], stopTimeout: 5)
            exit(SupervisorLoop(plan: { plan }).run())
        }
        let output = String(
            decoding: (result?.standardErrorContent ?? []) + (result?.standardOutputContent ?? []), as: UTF8.self)
        #expect(output.contains("cannot execute /nonexistent/martlet: No such file or directory"))
    }

    @Test("a worker's refusal is the service's exit status")
    func refusal() async {
        await #expect(processExitsWith: .exitCode(69)) {
            RealService.run([(.worker, ["refusing"]), (.scheduler, [])]) { _ in }
        }
    }

    @Test("a reload gives successors the new text and retires the old; a bad one changes nothing")
    func reload() async {
        await #expect(processExitsWith: .exitCode(0)) {
            RealService.run([(.worker, []), (.scheduler, [])]) { service in
                service.waits(for: "worker and scheduler are ready") { service.lines("ready").count == 2 }
                let worker = service.pids(of: .worker, saying: "settings first")[0]
                let scheduler = service.pids(of: .scheduler, saying: "settings first")[0]
                service.configure(nil)
                service.signal(.hangup)
                service.waits(for: "the bad configuration was read") { service.reads == 2 }
                if service.lines("settings first").count != 2 { _exit(97) }
                service.configure("second")
                service.signal(.hangup)
                service.waits(for: "the old worker retires") {
                    service.lines("heard retire").map(\.pid) == [worker] && service.isGone(worker)
                }
                service.waits(for: "the old scheduler ends") {
                    service.lines("terminated").map(\.pid) == [scheduler] && service.isGone(scheduler)
                }
                service.waits(for: "the new ones have the new text") { service.lines("settings second").count == 2 }
                service.signal(.terminate)
            }
        }
    }

    @Test("a worker that ignores the stop is killed within the time-out and two seconds; the exit status is still 0")
    func stubborn() async {
        await #expect(processExitsWith: .exitCode(0)) {
            RealService.run([(.worker, ["stubborn", "detaching"]), (.scheduler, [])], stopTimeout: 0.2) { service in
                service.waits(for: "worker and scheduler are ready") { service.lines("ready").count == 2 }
                let worker = service.pids(of: .worker, saying: "ready")[0]
                let askedAt = MonotonicTime.now()
                service.signal(.interrupt)
                service.waits(for: "the worker is gone") { service.isGone(worker) }
                let seconds = MonotonicTime.now().seconds(since: askedAt)
                if !(1.5...2.2).contains(seconds) { _exit(98) }
            }
        }
    }
}
