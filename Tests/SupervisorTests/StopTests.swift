import Platform
import Testing

@testable import Supervisor

@Suite("How the service stops")
struct StopTests {
    @Test("workers end first, then the scheduler, redis-server last; the exit status is 0")
    func order() {
        var service = Service(redisServer: true)
        service.startAndBecomeReady()
        #expect(
            service.asks(.stop) == [.stopping, .signal("worker 0", .terminate), .signal("worker 1", .terminate)])
        #expect(service.ends("worker 1", .exited(0)) == [.killStrays])
        #expect(service.ends("worker 0", .exited(0)) == [.killStrays, .signal("scheduler", .terminate)])
        #expect(service.ends("scheduler", .exited(0)) == [.signal("redis-server", .terminate)])
        #expect(service.ends("redis-server", .exited(0)) == [.killStrays, .exit(0)])
    }

    @Test("a worker that dies while it stops is reported to the scheduler before that is stopped, and not restarted")
    func deathWhileStopping() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.asks(.stop)
        #expect(
            service.ends("worker 0", .signaled(.segmentation, coreDumped: true)) == [
                .killStrays, .send("scheduler", .dead(identity: "host:worker 0")), .signal("scheduler", .terminate),
            ])
    }

    @Test("so is one that exits and says that it could not take its leave of Redis")
    func withoutFarewell() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.asks(.stop)
        #expect(
            service.ends("worker 0", .exited(75)) == [
                .killStrays, .send("scheduler", .dead(identity: "host:worker 0")), .signal("scheduler", .terminate),
            ])
        #expect(service.ends("scheduler", .exited(0)) == [.killStrays, .exit(0)])
    }

    @Test("what does not end is killed, so that no more than the time-out and two seconds pass in all")
    func deadline() {
        var service = Service(workers: 2, stopTimeout: 25)
        service.startAndBecomeReady()
        service.asks(.stop)
        #expect(service.passes(seconds: 25) == [])
        #expect(service.passes(seconds: 1.7) == [.signal("worker 0", .kill), .signal("worker 1", .kill)])
        service.ends("worker 0", .signaled(.kill, coreDumped: false))
        service.ends("worker 1", .signaled(.kill, coreDumped: false))
        #expect(service.passes(seconds: 0.3) == [.signal("scheduler", .kill)])
        #expect(service.ends("scheduler", .signaled(.kill, coreDumped: false)) == [.killStrays, .exit(0)])
    }

    @Test("a second request stops at once: workers hear it again and have two seconds")
    func twice() {
        var service = Service(workers: 1)
        service.startAndBecomeReady()
        service.asks(.stop)
        service.passes(seconds: 3)
        #expect(service.asks(.stop) == [.signal("worker 0", .terminate)])
        #expect(service.asks(.stop) == [])
        #expect(service.passes(seconds: 1.9) == [])
        #expect(service.passes(seconds: 0.2) == [.signal("worker 0", .kill)])
    }

    @Test(
        "redis-server gets ten seconds to write its files, two when it is urgent",
        arguments: [(false, 10.0), (true, 2)])
    func redisServer(isUrgent: Bool, seconds: Double) {
        var service = Service(workers: 1, scheduler: false, redisServer: true)
        service.startAndBecomeReady()
        service.asks(.stop)
        if isUrgent { service.asks(.stop) }
        service.ends("worker 0", .exited(0))
        #expect(service.passes(seconds: seconds - 0.1) == [])
        #expect(service.passes(seconds: 0.1) == [.signal("redis-server", .kill)])
    }

    @Test("a stop reaches children that are not ready yet, and cancels what was to be started again")
    func whileStarting() {
        var service = Service(workers: 2, scheduler: false)
        service.start()
        service.ends("worker 1", .exited(1))
        #expect(service.asks(.stop) == [.stopping, .signal("worker 0", .terminate)])
        #expect(
            service.ends("worker 0", .signaled(.terminate, coreDumped: false)) == [.killStrays, .killStrays, .exit(0)])
        #expect(service.passes(seconds: 100) == [])
    }

    @Test("the log says who asked and what will be done")
    func log() {
        var service = Service(stopTimeout: 25)
        service.startAndBecomeReady()
        service.tell(.asked(.stop, by: "SIGTERM from pid 1 (systemd)"))
        #expect(
            service.log.contains {
                $0.hasPrefix("notice: SIGTERM from pid 1 (systemd): stopping; running jobs get up to 25 s")
            })
    }

    @Test("quiet and reload change nothing any more")
    func tooLate() {
        var service = Service()
        service.startAndBecomeReady()
        service.asks(.stop)
        #expect(service.asks(.quiet) == [])
        #expect(service.asks(.reload) == [])
    }
}
