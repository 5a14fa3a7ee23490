import Platform
import Testing

@testable import Supervisor

@Suite("A number of workers that the scheduler chooses")
struct WorkerCountTests {
    private func service() -> Service {
        var service = Service(workers: 4, range: 1...4)
        service.startAndBecomeReady()
        return service
    }

    @Test("the service begins with the fewest")
    func fewest() {
        var service = Service(workers: 4, range: 2...4)
        #expect(service.start() == [.spawn("scheduler"), .spawn("worker 0"), .spawn("worker 1")])
    }

    @Test("workers are added as the scheduler wishes, never more than there may be")
    func added() {
        var service = service()
        #expect(service.says("scheduler", .workers(2)) == [.spawn("worker 1")])
        #expect(service.says("scheduler", .workers(2)) == [], "it is said again and again")
        #expect(service.says("scheduler", .workers(100)) == [.spawn("worker 2"), .spawn("worker 3")])
        #expect(service.log.contains { $0.hasSuffix("worker 1 is added") })
    }

    @Test("the last ones go when they are not needed, with their jobs, and the first always stays")
    func retired() {
        var service = service()
        service.says("scheduler", .workers(3))
        service.says("worker 1", .ready)
        service.says("worker 2", .ready)
        #expect(service.says("scheduler", .workers(0)) == [.send("worker 1", .retire), .send("worker 2", .retire)])
        #expect(
            service.running
                == ["worker 0", "scheduler", "worker 1", "worker 2"].sorted { a, b in
                    service.id(a) < service.id(b)
                })
        #expect(service.ends("worker 2", .exited(0)) == [.killStrays])
        #expect(service.says("scheduler", .workers(2)) == [.spawn("worker 1'")], "beside the one that still ends")
        #expect(service.ends("worker 1", .exited(0)) == [.killStrays])
        #expect(service.passes(seconds: 100) == [])
    }

    @Test("one that was not ready yet is ended at once")
    func unready() {
        var service = service()
        service.says("scheduler", .workers(2))
        #expect(service.says("scheduler", .workers(1)) == [.signal("worker 1", .terminate)])
        #expect(service.ends("worker 1", .exited(0)) == [.killStrays])
        #expect(service.passes(seconds: 100) == [])
    }

    @Test("an added worker that dies is started again like any other")
    func restarted() {
        var service = service()
        service.says("scheduler", .workers(2))
        service.says("worker 1", .ready)
        #expect(
            service.ends("worker 1", .signaled(.kill, coreDumped: false)).contains(.spawn("worker 1'")))
    }

    @Test("a reload keeps their number, within the bounds of the new configuration")
    func reload() {
        var service = service()
        service.says("scheduler", .workers(3))
        service.says("worker 1", .ready)
        service.says("worker 2", .ready)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 2, settings: "new", range: 1...2)))
        #expect(service.says("scheduler", .workers(4)) == [], "nobody is followed while it reloads")
        service.says("worker 0'", .ready)
        service.says("worker 1'", .ready)
        let deeds = service.says("scheduler'", .ready)
        #expect(deeds.contains(.send("worker 2", .retire)))
        #expect(service.state.seats.count { $0.spec.role == .worker } == 2)
        service.says("scheduler'", .workers(1))
        #expect(service.says("scheduler'", .workers(2)) == [.spawn("worker 1''")])
        #expect(service.settings["worker 1''"] == "new", "from the new configuration")
    }

    @Test("only the scheduler is listened to, and only where the configuration leaves it a choice")
    func others() {
        var service = service()
        #expect(service.says("worker 0", .workers(3)) == [])
        var fixed = Service(workers: 2)
        fixed.startAndBecomeReady()
        #expect(fixed.says("scheduler", .workers(1)) == [])
        service.asks(.quiet)
        #expect(service.says("scheduler", .workers(3)) == [])
    }
}
