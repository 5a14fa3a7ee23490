import Configuration
import JobModel
import Logging
import Platform
import Queueing
import Redis
import TestSupport
import Testing

@testable import Scheduler

@Suite("Queues with a promise")
struct WatchQueuesTests {
    private func settings(processes: AutoRange?) -> Settings {
        Settings(
            file: "", directory: "/", autoProcesses: processes,
            queues: [
                QueueSetting(name: QueueName(trusted: "fast"), weight: 0, latency: 60),
                QueueSetting(name: QueueName(trusted: "slow"), weight: 0),
            ])
    }

    private func desk(_ server: RedisServer, _ watch: QueueWatch?, _ handler: any LogHandler) -> SchedulerDesk {
        SchedulerDesk(
            endpoint: server.endpoint, deadLimits: DeadLimits(), poison: PoisonLimit(), returnSeconds: 0, watch: watch,
            log: Logger(label: "test", factory: { _ in handler }))
    }

    @Test("a wait beyond the promise is logged once and kept in Redis; queues without one are not looked after")
    func broken() throws {
        let server = RedisServer()
        defer { server.stop() }
        let redis = try server.connect(scripts: Scripts.all)
        let log = Lines()
        let desk = desk(
            server, QueueWatch(settings(processes: nil), supervisor: 1) { _ in },
            RecordingLogHandler(level: .info, sink: log))
        let now = try #require(try redis.call(RedisCommand("TIME")).elements?.first?.integer)
        for queue in ["fast", "slow"] {
            let payload = #"{"class":"A","args":[],"enqueued_at":\#((now - 100) * 1000)}"#
            _ = try redis.call(RedisCommand(["LPUSH", "queue:\(queue)", payload])).accepted()
        }
        guard case .connected(let connection) = desk.access() else {
            Issue.record("no connection")
            return
        }
        for _ in 0..<3 { try WatchQueues.runOnce(desk, connection) }
        let lines = log.list.filter { $0.contains("is late: its first job has waited for 10") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("queue fast") == true)
        #expect(try redis.call(RedisCommand(["EXISTS", "martlet:queue:fast"])).integer == 1)
        #expect(try redis.call(RedisCommand(["EXISTS", "martlet:queue:slow"])).integer == 0)
    }

    @Test("a queue that is paused on purpose is not called late, and no worker is added for it")
    func paused() throws {
        let server = RedisServer()
        defer { server.stop() }
        let redis = try server.connect(scripts: Scripts.all)
        let log = Lines()
        let wishes = Wishes()
        let range = AutoRange(minimum: 1, maximum: 4, start: 1)
        let watch = QueueWatch(settings(processes: range), supervisor: 7) { wishes.list.append($0) }
        let desk = desk(server, watch, RecordingLogHandler(level: .info, sink: log))
        let identity = "\(ProcessIdentity.hostName):1:a"
        _ = try redis.call(RedisCommand(["SADD", "processes", identity])).accepted()
        _ = try redis.call(RedisCommand(["HSET", "martlet:process:\(identity)", "supervisor", "7"])).accepted()
        _ = try redis.call(RedisCommand(["HSET", identity, "concurrency", "5", "busy", "5"])).accepted()
        _ = try redis.call(RedisCommand(["SADD", "paused", "fast", "slow"])).accepted()
        for queue in ["fast", "slow"] {
            let payload = #"{"class":"A","args":[],"enqueued_at":1000}"#
            _ = try redis.call(RedisCommand(["LPUSH", "queue:\(queue)", payload])).accepted()
        }
        guard case .connected(let connection) = desk.access() else {
            Issue.record("no connection")
            return
        }
        for _ in 0..<5 { try WatchQueues.runOnce(desk, connection) }
        #expect(log.list == [])
        #expect(wishes.list.filter { $0 > 1 } == [])
        // As soon as it is resumed it is late: that is what it was promised not to be.
        _ = try redis.call(RedisCommand(["SREM", "paused", "fast"])).accepted()
        for _ in 0..<5 { try WatchQueues.runOnce(desk, connection) }
        #expect(log.list.contains { $0.contains("queue fast is late") })
        #expect(!log.list.contains { $0.contains("queue slow") })
    }

    @Test("a service that promises nothing and has a fixed number of workers watches nothing")
    func nothing() {
        let plain = Settings(file: "", directory: "/", queues: [QueueSetting(name: QueueName(trusted: "q"), weight: 0)])
        #expect(QueueWatch(plain, supervisor: 1) { _ in } == nil)
        #expect(
            QueueWatch(settings(processes: AutoRange(minimum: 1, maximum: 2, start: 1)), supervisor: 1) { _ in } != nil)
    }

    @Test("the wish for other workers than there are is said again until it is so")
    func wishes() throws {
        let server = RedisServer()
        defer { server.stop() }
        let redis = try server.connect(scripts: Scripts.all)
        let wishes = Wishes()
        let range = AutoRange(minimum: 2, maximum: 4, start: 2)
        let watch = QueueWatch(settings(processes: range), supervisor: 7) { wishes.list.append($0) }
        let desk = desk(server, watch, SwiftLogNoOpLogHandler())
        let identity = "\(ProcessIdentity.hostName):1:a"
        _ = try redis.call(RedisCommand(["SADD", "processes", identity])).accepted()
        _ = try redis.call(RedisCommand(["HSET", "martlet:process:\(identity)", "supervisor", "7"])).accepted()
        _ = try redis.call(RedisCommand(["HSET", identity, "concurrency", "5", "busy", "0"])).accepted()
        guard case .connected(let connection) = desk.access() else {
            Issue.record("no connection")
            return
        }
        for _ in 0..<3 { try WatchQueues.runOnce(desk, connection) }
        #expect(wishes.list == [2, 2, 2])
    }

    private final class Wishes { var list: [Int] = [] }

    /// Used by one thread.
    private final class Lines: LogSink, @unchecked Sendable {
        var list: [String] = []
        func add(_ record: LogRecord) { list.append(record.message) }
    }
}
