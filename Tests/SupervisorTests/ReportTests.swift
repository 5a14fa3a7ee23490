import Platform
import Testing

@testable import Supervisor

@Suite("What systemd and the operator see")
struct ReportTests {
    private func figures(_ busy: Int, _ processed: Int, _ failed: Int) -> ControlMessage {
        .figures(busy: busy, slots: 10, processed: processed, failed: failed, note: "")
    }

    @Test("the status adds up the workers, and never counts backwards when one dies")
    func status() {
        var service = Service()
        service.startAndBecomeReady()
        service.says("worker 0", figures(2, 100, 3))
        service.says("worker 1", figures(1, 20, 1))
        service.passes(seconds: 1)
        #expect(service.statuses.last == "2 workers, 3 of 20 slots busy, 120 processed, 4 failed")
        service.ends("worker 0", .signaled(.kill, coreDumped: false))
        service.passes(seconds: 1)
        #expect(service.statuses.last == "1 worker, 1 of 10 slots busy, 120 processed, 4 failed")
    }

    @Test("slow runs are counted in the status, until they have ended or their worker has")
    func slow() {
        var service = Service()
        service.startAndBecomeReady()
        service.says("worker 0", figures(2, 100, 3))
        service.says("worker 0", .slow(2))
        service.says("worker 1", figures(1, 20, 1))
        service.says("worker 1", .slow(1))
        service.says("worker 0", figures(3, 100, 3))
        service.passes(seconds: 1)
        #expect(service.statuses.last == "2 workers, 4 of 20 slots busy, 3 slow, 120 processed, 4 failed")
        #expect(service.asks(.describe).count == 2)
        #expect(service.log.contains { $0.contains("worker 0 (pid") && $0.contains("3 of 10 slots busy, 2 slow") })
        service.says("worker 0", .slow(0))
        service.ends("worker 1", .signaled(.kill, coreDumped: false))
        service.passes(seconds: 1)
        #expect(service.statuses.last == "1 worker, 3 of 10 slots busy, 120 processed, 4 failed")
    }

    @Test(
        "a worker that was replaced counts with its jobs, not with its slots, and is quiet without the service being so"
    )
    func retiring() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1)))
        service.says("worker 0'", .ready)
        service.says("scheduler'", .ready)
        service.says("worker 0", .figures(busy: 3, slots: 10, processed: 7, failed: 0, note: "quiet"))
        service.says("worker 0'", figures(1, 0, 0))
        service.passes(seconds: 1)
        #expect(service.statuses.last == "1 worker, 4 of 10 slots busy, 7 processed, 0 failed")
    }

    @Test("quiet is said once, however many say it")
    func quietOnce() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.says("worker 0", .figures(busy: 0, slots: 10, processed: 0, failed: 0, note: "quiet"))
        service.passes(seconds: 1)
        #expect(service.statuses.last == "1 worker, 0 of 10 slots busy, 0 processed, 0 failed, worker 0: quiet")
        service.asks(.quiet)
        service.passes(seconds: 1)
        #expect(service.statuses.last == "1 worker, 0 of 10 slots busy, 0 processed, 0 failed, quiet")
    }

    @Test("the status is told once a second at most, and only when it changed")
    func seldom() {
        var service = Service()
        service.startAndBecomeReady()
        service.passes(seconds: 5)
        let before = service.statuses.count
        for count in 1...100 {
            service.says("worker 0", figures(1, count, 0))
            service.passes(seconds: 0.02)
        }
        #expect((2...3).contains(service.statuses.count - before))
        service.passes(seconds: 1)
        let settled = service.statuses.count
        for _ in 1...100 { service.says("worker 0", figures(1, 100, 0)) }
        service.passes(seconds: 100)
        #expect(service.statuses.count == settled)
    }

    @Test("without a watchdog an idle service wakes for nothing")
    func idle() {
        var service = Service()
        service.startAndBecomeReady()
        service.passes(seconds: 2)
        #expect(service.state.nextDeadline == .never)
    }

    @Test("the watchdog is fed at half its interval while every ready worker makes progress")
    func watchdog() {
        var service = Service(watchdogSeconds: 30)
        service.startAndBecomeReady()
        #expect(service.passes(seconds: 14.9) == [])
        service.says("worker 0", .progress)
        service.says("worker 1", .progress)
        #expect(service.passes(seconds: 0.2) == [.watchdog])
    }

    @Test("it is not fed when one worker makes no progress, and fed again when it does")
    func stuck() {
        var service = Service(watchdogSeconds: 30)
        service.startAndBecomeReady()
        service.passes(seconds: 14)
        service.says("worker 0", .progress)
        #expect(service.passes(seconds: 2) == [])
        #expect(service.log.contains { $0.hasPrefix("error: worker 1 (pid") && $0.contains("no progress for 15 s") })
        service.says("worker 0", .progress)
        service.says("worker 1", .progress)
        #expect(service.passes(seconds: 14) == [.watchdog])
    }

    @Test("with a short interval a worker still has ten seconds")
    func shortInterval() {
        var service = Service(watchdogSeconds: 2)
        service.startAndBecomeReady()
        #expect(service.passes(seconds: 9.5).count == 9)
        #expect(service.passes(seconds: 5) == [])
    }

    @Test("a worker that waits for Redis before it is ready does not starve the watchdog")
    func notReady() {
        var service = Service(watchdogSeconds: 30)
        service.startAndBecomeReady()
        service.ends("worker 0", .signaled(.kill, coreDumped: false))
        service.passes(seconds: 14)
        service.says("worker 1", .progress)
        #expect(service.passes(seconds: 1) == [.watchdog])
    }

    @Test("quiet is passed on, remembered for workers started later, and shown")
    func quiet() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        #expect(service.asks(.quiet) == [.signal("scheduler", .user1), .signal("worker 0", .user1)])
        service.passes(seconds: 1)
        #expect(service.statuses.last?.hasSuffix(", quiet") == true)
        service.ends("worker 0", .signaled(.kill, coreDumped: false))
        #expect(service.says("worker 0'", .identity("x")) == [.signal("worker 0'", .user1)])
        #expect(service.says("worker 0'", .ready) == [])
    }

    @Test("a child that has not said anything yet might die of a signal: it is told quiet when it speaks")
    func quietEarly() {
        var service = Service(workers: 1, scheduler: false)
        service.start()
        #expect(service.asks(.quiet) == [])
        #expect(service.asks(.describe) == [])
        #expect(service.says("worker 0", .ready).contains(.signal("worker 0", .user1)))
    }

    @Test("asked to describe, the supervisor logs every child and passes it on to the workers")
    func describe() {
        var service = Service(workers: 1, redisServer: true)
        service.startAndBecomeReady()
        service.says("worker 0", figures(2, 100, 3))
        #expect(service.asks(.describe) == [.signal("worker 0", .ttin)])
        #expect(service.log.contains { $0.contains("worker 0 (pid 103): ready") && $0.contains("2 of 10 slots busy") })
        #expect(service.log.contains { $0.contains("redis-server (pid 101)") })
    }

    @Test("each signal of the reference has its meaning")
    func signals() {
        #expect(SignalTable.intent(of: .terminate) == .stop)
        #expect(SignalTable.intent(of: .interrupt) == .stop)
        #expect(SignalTable.intent(of: .user1) == .quiet)
        #expect(SignalTable.intent(of: .stopTerminal) == .quiet)
        #expect(SignalTable.intent(of: .hangup) == .reload)
        #expect(SignalTable.intent(of: .ttin) == .describe)
        #expect(SignalTable.intent(of: .child) == nil)
    }
}
