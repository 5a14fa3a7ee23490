import Platform
import Testing

@testable import Supervisor

@Suite("What follows the death of a child")
struct RestartTests {
    private let killed = ExitStatus.signaled(.kill, coreDumped: false)

    @Test("a worker that was ready is started again at once, after what it left behind was killed")
    func atOnce() {
        var service = Service()
        service.startAndBecomeReady()
        let deeds = service.ends("worker 0", killed)
        #expect(deeds == [.killStrays, .spawn("worker 0'"), .send("scheduler", .dead(identity: "host:worker 0"))])
    }

    @Test("one that dies before it is ready waits 1 s, then twice as long each time, up to a minute")
    func backoff() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.ends("worker 0", killed)
        var name = "worker 0'"
        for pause in [1.0, 2, 4, 8, 16, 32, 60, 60] {
            #expect(service.ends(name, .exited(1)) == [.killStrays])
            #expect(service.passes(seconds: pause - 0.01) == [])
            name += "'"
            #expect(service.passes(seconds: 0.01) == [.spawn(name)])
        }
    }

    @Test("one that dies more than five times within ten seconds waits too, though it was ready each time")
    func tooOften() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        var name = "worker 0"
        for _ in 1...5 {
            service.passes(seconds: 1)
            let next = name + "'"
            #expect(service.ends(name, killed).contains(.spawn(next)))
            service.says(next, .ready)
            name = next
        }
        service.passes(seconds: 1)
        #expect(service.ends(name, killed) == [.killStrays])
        #expect(service.passes(seconds: 1) == [.spawn(name + "'")])
    }

    @Test("waiting does not count as living: a worker that keeps dying waits longer and longer")
    func waitsGrow() {
        var backoff = RestartBackoff()
        let delays = (1...14).map { _ in backoff.died(afterSeconds: 0.5, wasReady: true) }
        #expect(delays == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60])
    }

    @Test("one that was ready for long is started at once again, whatever it did before")
    func recovers() {
        var backoff = RestartBackoff()
        for _ in 1...5 { _ = backoff.died(afterSeconds: 0.1, wasReady: false) }
        #expect(backoff.died(afterSeconds: 3600, wasReady: true) == 0)
        #expect(backoff.died(afterSeconds: 0.1, wasReady: false) == 1)
    }

    @Test("once the service was ready, a program that cannot be executed is tried again")
    func executableGone() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.canSpawn = false
        #expect(service.ends("worker 0", killed).contains(.spawn("worker 0'")))
        #expect(service.passes(seconds: 1) == [.spawn("worker 0''")])
        service.canSpawn = true
        #expect(service.passes(seconds: 2) == [.spawn("worker 0'''")])
    }

    @Test("a dead worker is reported when a scheduler is ready again")
    func schedulerAway() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.ends("scheduler", killed)
        #expect(service.ends("worker 0", killed) == [.killStrays, .spawn("worker 0'")])
        #expect(service.says("scheduler'", .ready) == [.send("scheduler'", .dead(identity: "host:worker 0"))])
    }

    @Test("a scheduler that died may have forgotten: its successor is told of the last 30 s again")
    func toldAgain() {
        var service = Service(workers: 2)
        service.startAndBecomeReady()
        service.ends("worker 0", killed)
        service.passes(seconds: 20)
        service.ends("worker 1", killed)
        service.passes(seconds: 20)
        service.ends("scheduler", killed)
        #expect(service.says("scheduler'", .ready) == [.send("scheduler'", .dead(identity: "host:worker 1"))])
    }

    @Test("a report that did not fit into the scheduler's channel is repeated a second later")
    func channelFull() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.ends("worker 0", killed)
        let report = ControlMessage.dead(identity: "host:worker 0")
        #expect(service.tell(.undelivered(service.id("scheduler"), report)) == [])
        #expect(service.says("scheduler", .progress) == [])
        #expect(service.passes(seconds: 1) == [.send("scheduler", report)])
        #expect(service.passes(seconds: 100) == [])
    }

    @Test("the scheduler hears which jobs a worker was running that was killed, and that fell to its successor")
    func deathCounts() {
        var service = Service()
        service.startAndBecomeReady()
        let death = WorkerDeath(how: "killed by SIGKILL", running: [3, 17])
        let deeds = service.ends("worker 0", killed, running: [3, 17])
        #expect(deeds.last == .send("scheduler", .dead(identity: "host:worker 0", death)))
        // Nothing ran in it: then it is only rescued.
        #expect(service.ends("worker 1", killed).last == .send("scheduler", .dead(identity: "host:worker 1")))
        // A scheduler that starts afterwards is told the same.
        service.ends("scheduler", killed)
        #expect(
            service.says("scheduler'", .ready) == [
                .send("scheduler'", .dead(identity: "host:worker 0", death)),
                .send("scheduler'", .dead(identity: "host:worker 1")),
            ])
    }

    @Test("no end counts against the jobs that ran if a worker chose it, was asked for it, or came late to a stop")
    func deathDoesNotCount() {
        for status in [ExitStatus.exited(75), .exited(70), .signaled(.terminate, coreDumped: false)] {
            var service = Service()
            service.startAndBecomeReady()
            let deeds = service.ends("worker 0", status, running: [3])
            #expect(deeds.last == .send("scheduler", .dead(identity: "host:worker 0")), "\(status)")
        }
        var service = Service()
        service.startAndBecomeReady()
        service.asks(.stop)
        let deeds = service.ends("worker 0", killed, running: [3])
        #expect(deeds == [.killStrays, .send("scheduler", .dead(identity: "host:worker 0"))])
    }

    @Test("a worker that is being replaced has time without end: its death counts")
    func retiringDeathCounts() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1)))
        for name in service.running where name.hasSuffix("'") { service.says(name, .ready) }
        for name in service.running where name.hasSuffix("'") { service.says(name, .ready) }
        let scheduler = service.running.last { $0.hasPrefix("scheduler") } ?? ""
        let deeds = service.ends("worker 0", killed, running: [3])
        let death = WorkerDeath(how: "killed by SIGKILL", running: [3])
        #expect(deeds.contains(.send(scheduler, .dead(identity: "host:worker 0", death))), "\(deeds)")
    }

    @Test("a worker that nobody told to end and that ends cleanly is started again, and reported")
    func unasked() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        let deeds = service.ends("worker 0", .exited(0))
        #expect(deeds == [.killStrays, .spawn("worker 0'"), .send("scheduler", .dead(identity: "host:worker 0"))])
        // As by "stop" on Sidekiq's dashboard.
        #expect(service.log.contains { $0.hasPrefix("notice: worker 0") && $0.hasSuffix("by an order of its own") })
        #expect(!service.log.contains { $0.hasPrefix("error") }, "\(service.log)")
    }
}
