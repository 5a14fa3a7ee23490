import Platform
import Testing

@testable import Supervisor

@Suite("How the service starts")
struct StartTests {
    @Test("what others need is started first: redis-server, then the scheduler, then the workers")
    func order() {
        var service = Service(redisServer: true)
        #expect(
            service.start() == [.spawn("redis-server"), .spawn("scheduler"), .spawn("worker 0"), .spawn("worker 1")])
    }

    @Test("the service is ready when the scheduler and every worker are, and says so once")
    func readiness() {
        var service = Service()
        service.start()
        #expect(service.says("worker 0", .ready) == [])
        #expect(service.says("worker 1", .ready) == [])
        #expect(service.says("scheduler", .ready) == [.ready])
        #expect(service.says("scheduler", .ready) == [])
    }

    @Test("a service that waits for Redis is not ready and shows what it waits for")
    func waiting() {
        var service = Service()
        service.start()
        service.passes(seconds: 1)
        service.says("worker 0", .figures(busy: 0, slots: 10, processed: 0, failed: 0, note: "waiting for Redis"))
        #expect(service.passes(seconds: 3600) == [])
        #expect(service.statuses.last == "starting, 0 of 3 ready, worker 0: waiting for Redis")
    }

    @Test("a program that cannot be executed ends the service with a message instead of a loop")
    func cannotExecute() {
        var service = Service(workers: 1, scheduler: false)
        service.canSpawn = false
        #expect(service.start() == [.spawn("worker 0"), .stopping, .killStrays, .exit(71)])
        #expect(service.log.contains { $0.hasPrefix("critical: worker 0 cannot be started (cannot execute it)") })
    }

    @Test("a child that refuses to work ends the service with the exit status it gave, and its reason")
    func refusal() {
        var service = Service(workers: 1)
        service.start()
        #expect(
            service.says("worker 0", .refused(exitCode: 69, reason: "Redis is 5.0, at least 6.2 is needed"))
                == [.stopping, .signal("worker 0", .terminate)])
        #expect(
            service.log.contains { $0.hasPrefix("critical:") && $0.contains("Redis is 5.0, at least 6.2 is needed") })
        #expect(service.ends("worker 0", .exited(69)) == [.killStrays, .signal("scheduler", .terminate)])
        #expect(service.ends("scheduler", .exited(0)) == [.killStrays, .exit(69)])
    }

    @Test("a child that declines its configuration by exit status 78 ends the service with 78")
    func configuration() {
        var service = Service(workers: 1, scheduler: false)
        service.start()
        #expect(service.ends("worker 0", .exited(78)) == [.killStrays, .stopping, .killStrays, .exit(78)])
    }

    @Test("a child that dies five times before one of its role was ready ends the service with 70")
    func hopeless() {
        var service = Service(workers: 1, scheduler: false)
        service.start()
        for (name, pause) in zip(["worker 0", "worker 0'", "worker 0''", "worker 0'''"], [1.0, 2, 4, 8]) {
            #expect(service.ends(name, .exited(1)) == [.killStrays])
            #expect(service.passes(seconds: pause) == [.spawn(name + "'")])
        }
        #expect(service.ends("worker 0''''", .exited(1)) == [.killStrays, .stopping, .killStrays, .exit(70)])
        #expect(
            service.log.contains { $0.contains("ended 5 times in a row before it was ready, last with exit status 1") })
    }

    @Test("one bad worker beside a good one is tried again for ever")
    func oneBad() {
        var service = Service(workers: 2, scheduler: false)
        service.start()
        service.says("worker 0", .ready)
        var name = "worker 1"
        for _ in 0..<10 {
            #expect(service.ends(name, .exited(1)) == [.killStrays])
            name += "'"
            #expect(service.passes(seconds: 60) == [.spawn(name)])
        }
    }

    @Test("a redis-server that cannot use its files ends the service after five attempts")
    func redisServer() {
        var service = Service(workers: 1, scheduler: false, redisServer: true)
        service.start()
        var name = "redis-server"
        for _ in 0..<4 {
            service.ends(name, .exited(1))
            name += "'"
            #expect(service.passes(seconds: 8).contains(.spawn(name)))
        }
        #expect(service.ends(name, .exited(1)) == [.stopping, .signal("worker 0", .terminate)])
    }
}
