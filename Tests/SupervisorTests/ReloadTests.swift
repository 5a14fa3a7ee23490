import Platform
import Testing

@testable import Supervisor

@Suite("What a reload does")
struct ReloadTests {
    private func ready(workers: Int = 2, redisServer: Bool = false) -> Service {
        var service = Service(workers: workers, redisServer: redisServer)
        service.startAndBecomeReady()
        return service
    }

    @Test("a configuration with a problem changes nothing, and systemd hears that it is over")
    func badPlan() {
        var service = ready()
        let before = service.running
        #expect(service.asks(.reload) == [.reloading, .makePlan])
        #expect(service.tell(.planFailed(reason: "martlet.yml:3:1: unknown key")) == [.ready])
        #expect(service.running == before)
        #expect(service.log.contains { $0.hasPrefix("error:") && $0.contains("martlet.yml:3:1: unknown key") })
    }

    @Test("workers are replaced one by one, each successor ready before its predecessor retires; the scheduler follows")
    func oneByOne() {
        var service = ready(redisServer: true)
        service.asks(.reload)
        let plan = Service.plan(redisServer: "/usr/bin/redis-server", settings: "new")
        #expect(service.tell(.planned(plan)) == [.spawn("worker 0'")])
        #expect(service.says("worker 0'", .ready) == [.send("worker 0", .retire), .spawn("worker 1'")])
        #expect(service.says("worker 1'", .ready) == [.send("worker 1", .retire), .spawn("scheduler'")])
        #expect(service.says("scheduler'", .ready) == [.signal("scheduler", .terminate), .ready])
        #expect(service.settings["worker 1'"] == "new")
        #expect(service.running.contains("redis-server"))
    }

    @Test("a worker that retires has no time limit, is not started again, and is no loss when it ends")
    func retiring() {
        var service = ready(workers: 1)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1)))
        service.says("worker 0'", .ready)
        service.says("scheduler'", .ready)
        service.ends("scheduler", .exited(0))
        #expect(service.passes(seconds: 86_400) == [])
        #expect(service.ends("worker 0", .exited(0)) == [.killStrays])
    }

    @Test("a stop ends those that retire as well")
    func stopWhileRetiring() {
        var service = ready(workers: 1)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1)))
        service.says("worker 0'", .ready)
        #expect(
            service.asks(.stop) == [.stopping, .signal("worker 0", .terminate), .signal("worker 0'", .terminate)])
        #expect(service.ends("worker 0", .exited(0)) == [.killStrays])
        service.ends("worker 0'", .exited(0))
        service.ends("scheduler", .exited(0))
        #expect(service.ends("scheduler'", .signaled(.terminate, coreDumped: false)) == [.killStrays, .exit(0)])
    }

    @Test("a successor that dies before it is ready ends the reload; the old worker stays")
    func successorDies() {
        var service = ready()
        service.asks(.reload)
        service.tell(.planned(Service.plan()))
        #expect(service.ends("worker 0'", .exited(1)) == [.killStrays, .ready])
        #expect(Set(service.running) == ["worker 0", "worker 1", "scheduler"])
        #expect(service.passes(seconds: 100) == [])
    }

    @Test("a successor that refuses ends the reload, not the service")
    func successorRefuses() {
        var service = ready(workers: 1)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1)))
        #expect(service.says("worker 0'", .refused(exitCode: 78, reason: "handler gone")) == [])
        #expect(service.ends("worker 0'", .exited(78)) == [.killStrays, .ready])
        #expect(service.log.contains { $0.contains("the reload is given up") && $0.contains("handler gone") })
    }

    @Test("a successor that is not ready within a minute ends the reload and is stopped")
    func tooSlow() {
        var service = ready(workers: 1)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1)))
        #expect(service.passes(seconds: 59.9) == [])
        #expect(service.passes(seconds: 0.2) == [.ready, .signal("worker 0'", .terminate)])
        #expect(service.passes(seconds: 2) == [.signal("worker 0'", .kill)])
        #expect(service.ends("worker 0'", .signaled(.kill, coreDumped: false)) == [.killStrays])
        #expect(service.says("worker 0", .progress) == [])
    }

    @Test("an old worker that dies while its successor starts is not doubled; if that fails, it is started again")
    func predecessorDies() {
        var service = ready(workers: 1)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1, settings: "new")))
        let killed = ExitStatus.signaled(.kill, coreDumped: false)
        #expect(
            service.ends("worker 0", killed) == [.killStrays, .send("scheduler", .dead(identity: "host:worker 0"))])
        #expect(service.ends("worker 0'", .exited(1)) == [.killStrays, .spawn("worker 0''"), .ready])
        #expect(service.settings["worker 0''"] == "{}")
    }

    @Test("after a reload that was given up, each worker is started again with the configuration it had")
    func ownSettings() {
        var service = ready(workers: 2)
        service.asks(.reload)
        service.tell(.planned(Service.plan(settings: "new")))
        service.says("worker 0'", .ready)
        service.ends("worker 1'", .exited(1))
        service.ends("worker 0'", .signaled(.kill, coreDumped: false))
        service.ends("worker 1", .signaled(.kill, coreDumped: false))
        #expect(service.settings["worker 0''"] == "new")
        #expect(service.settings["worker 1''"] == "{}")
    }

    @Test("a second request during a reload is done after it")
    func again() {
        var service = ready(workers: 1)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1)))
        #expect(service.asks(.reload) == [])
        #expect(service.asks(.reload) == [])
        service.says("worker 0'", .ready)
        let deeds = service.says("scheduler'", .ready)
        #expect(deeds == [.signal("scheduler", .terminate), .ready, .reloading, .makePlan])
        #expect(service.tell(.planFailed(reason: "no")) == [.ready])
    }

    @Test("fewer workers: what the plan no longer has retires; more workers: they are added", arguments: [1, 3])
    func count(workers: Int) {
        var service = ready(workers: 2)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: workers)))
        for index in 0..<workers {
            service.says(service.running.contains("worker \(index)'") ? "worker \(index)'" : "worker \(index)", .ready)
        }
        let deeds = service.says("scheduler'", .ready)
        #expect(deeds.contains(.send("worker 1", .retire)) == (workers == 1))
        for name in service.running where service.state.child(service.id(name))?.standing == .retiring {
            service.ends(name, .exited(0))
        }
        #expect(service.running.filter { $0.hasPrefix("worker") }.count == workers)
    }

    @Test("a redis-server that would be started differently makes room for its successor")
    func otherServer() {
        var service = ready(workers: 1, redisServer: true)
        service.asks(.reload)
        let plan = Service.plan(workers: 1, redisServer: "/opt/redis-server")
        #expect(service.tell(.planned(plan)) == [.signal("redis-server", .terminate), .spawn("worker 0'")])
        #expect(service.ends("redis-server", .exited(0)) == [.spawn("redis-server'")])
    }

    @Test("a redis-server the plan no longer has goes when the last worker that used it has gone")
    func noServer() {
        var service = ready(workers: 1, redisServer: true)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1)))
        service.says("worker 0'", .ready)
        #expect(service.says("scheduler'", .ready) == [.signal("scheduler", .terminate), .ready])
        #expect(service.ends("worker 0", .exited(0)) == [.killStrays, .signal("redis-server", .terminate)])
        #expect(service.ends("redis-server", .exited(0)) == [])
    }

    @Test("a worker that takes no messages cannot retire by itself and is stopped instead")
    func deaf() {
        var service = ready(workers: 1)
        service.asks(.reload)
        service.tell(.planned(Service.plan(workers: 1)))
        service.says("worker 0'", .ready)
        #expect(service.tell(.undelivered(service.id("worker 0"), .retire)) == [.signal("worker 0", .terminate)])
        #expect(service.passes(seconds: 27) == [.signal("worker 0", .kill)])
    }

    @Test("a service that was never ready because of its configuration becomes ready by a reload")
    func whileStarting() {
        var service = Service(workers: 1)
        service.start()
        #expect(service.asks(.reload) == [.makePlan])
        #expect(service.tell(.planned(Service.plan(workers: 1))) == [.spawn("worker 0'")])
        #expect(service.says("worker 0'", .ready) == [.signal("worker 0", .terminate), .spawn("scheduler'")])
        #expect(service.says("scheduler'", .ready) == [.signal("scheduler", .terminate), .ready])
    }
}
