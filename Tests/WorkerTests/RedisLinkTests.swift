import JobModel
import Platform
import Queueing
import Redis
import TestSupport
import Testing

@testable import Worker

@Suite("A worker's link to Redis")
struct RedisLinkTests {
    /// Drives a link until its server, which no longer reads, is gone; counts how often that is told.
    private final class Drive: @unchecked Sendable {
        // Touched by the one thread that leads.
        let server = RedisServer()
        let loop: EventLoop
        let pool: LeaderPool
        var link: RedisLink!
        var losses = 0

        init() throws {
            let loop = try EventLoop()
            let wake = loop.wake
            self.loop = loop
            pool = LeaderPool(name: "test", limit: 2, bounds: [:], wake: { wake.signal() })
            let greeting = RedisGreeting(
                endpoint: server.endpoint, name: "test", identity: "host:1:abc",
                origin: ProcessOrigin(host: "h", boot: "b", pidNamespace: "1", pid: 1, startTime: 1, role: "worker"),
                queues: [.standard])
            link = RedisLink(greeting, loop: loop, pool: pool, seed: 1) { [unowned self] in heard($0) }
        }

        private func heard(_ news: RedisLink.News) {
            switch news {
            case .up: fillThePipe()
            case .down: losses += 1
            case .refused, .answered, .push: break
            }
        }

        /// More than the socket holds, to a server that stands still and then is no more.
        private func fillThePipe() {
            server.freeze()
            var command = RedisCommand("ECHO")
            command.add([UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20))
            link.ask(.statement("a test"), command)
            link.flush()
            server.stop()
        }

        func turn() -> Bool {
            do throws(SystemError) {
                try loop.turn(upTo: .now().advanced(bySeconds: 0.05))
            } catch {
                return false
            }
            pool.runCompletions()
            // The loss is told in the turn that sees it; a second telling would come in the same one.
            return losses == 0
        }
    }

    @Test("a connection lost while much waits to be written is lost once", .timeLimit(.minutes(1)))
    func once() throws {
        let drive = try Drive()
        drive.link.connect()
        drive.pool.run { drive.turn() }
        #expect(drive.losses == 1)
    }

    /// Asks one question of a server behind a proxy, whose answer comes slowly, and counts what became of it.
    private final class SlowAnswer: @unchecked Sendable {
        static let size = 400_000

        // Touched by the one thread that leads.
        let server = RedisServer()
        let proxy: FaultProxy
        let loop: EventLoop
        let pool: LeaderPool
        let fault: Fault
        var link: RedisLink!
        var answer: RedisReply?
        var losses = 0

        init(_ fault: Fault) throws {
            self.fault = fault
            proxy = try FaultProxy(server)
            let loop = try EventLoop()
            let wake = loop.wake
            self.loop = loop
            pool = LeaderPool(name: "test", limit: 2, bounds: [:], wake: { wake.signal() })
            let greeting = RedisGreeting(
                endpoint: RedisEndpoint(.unix(path: proxy.socketPath), timeout: 0.5), name: "test",
                identity: "host:1:abc",
                origin: ProcessOrigin(host: "h", boot: "b", pidNamespace: "1", pid: 1, startTime: 1, role: "worker"),
                queues: [.standard])
            link = RedisLink(greeting, loop: loop, pool: pool, seed: 1) { [unowned self] in heard($0) }
        }

        deinit { proxy.stop() }

        private func heard(_ news: RedisLink.News) {
            switch news {
            case .up:
                proxy.inject(fault, on: "ECHO")
                var command = RedisCommand("ECHO")
                command.add([UInt8](repeating: UInt8(ascii: "x"), count: Self.size))
                link.ask(.statement("a test"), command)
                link.flush()
            case .answered(_, let reply): answer = reply
            case .down: losses += 1
            case .refused, .push: break
            }
        }

        func turn() -> Bool {
            do throws(SystemError) {
                try loop.turn(upTo: .now().advanced(bySeconds: 0.05))
            } catch {
                return false
            }
            pool.runCompletions()
            link.checkTime()
            return losses == 0 && answer == nil
        }
    }

    @Test("an answer that takes long is waited for as long as it goes on coming", .timeLimit(.minutes(1)))
    func slow() throws {
        let drive = try SlowAnswer(.trickle(bytesPerSecond: 250_000))
        drive.link.connect()
        drive.pool.run { drive.turn() }
        #expect(drive.losses == 0)
        #expect(drive.answer?.bytes?.count == SlowAnswer.size)
        drive.link.end()
    }

    @Test("an answer of which nothing comes is given up", .timeLimit(.minutes(1)))
    func silent() throws {
        let drive = try SlowAnswer(.halfOpen)
        drive.link.connect()
        drive.pool.run { drive.turn() }
        #expect(drive.losses == 1)
        #expect(drive.answer == nil)
    }
}
