import JobModel
import Queueing
import Redis
import TestSupport
import Testing

@Suite("Paused queues")
struct PausedQueuesTests {
    private let mails = QueueName(trusted: "mails")
    private let reports = QueueName(trusted: "reports")

    private func paused(_ store: Store) throws -> Set<QueueName> {
        try PausedQueues.list(store.redis.call(PausedQueues.listCommand))
    }

    @Test("what is paused is listed by Sidekiq's key until it is resumed")
    func round() throws {
        let store = try Store()
        #expect(try paused(store) == [])
        #expect(try store.redis.call(PausedQueues.pauseCommand([mails, reports])).integer == 2)
        #expect(try store.redis.call(PausedQueues.pauseCommand([mails])).integer == 0)
        #expect(try store.run("SISMEMBER", "paused", "mails").integer == 1)
        #expect(try paused(store) == [mails, reports])
        #expect(try store.redis.call(PausedQueues.resumeCommand([mails])).integer == 1)
        #expect(try paused(store) == [reports])
    }
}
