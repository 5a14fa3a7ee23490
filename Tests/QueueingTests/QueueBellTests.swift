import JobModel
import Queueing
import Redis
import TestSupport
import Testing

@Suite("The bell of the queues")
struct QueueBellTests {
    private func rings(_ bell: RedisConnection) throws -> Int {
        _ = try bell.flush()
        while try bell.receive() {}
        var count = 0
        while let reply = try bell.nextReply() { count += QueueBell.isRing(reply) ? 1 : 0 }
        return count
    }

    @Test("a push to a watched queue rings, also where names begin alike; a pause is quiet")
    func ring() throws {
        let store = try Store()
        let bell = try store.server.connect(name: "bell")
        let number = try #require(bell.call(QueueBell.numberCommand).integer)
        let queues = ["ab", "a", "other"].map { QueueName(trusted: $0) }
        for reply in try bell.pipeline(QueueBell.listenCommands(number: number, queues: queues)) {
            try reply.accepted()
        }
        for queue in ["ab", "a", "other"] {
            try store.push(queue, ["1"])
            try eventually("the bell rang for \(queue)") { try rings(bell) > 0 }
        }

        for command in [PausedQueues.pauseCommand(queues), PausedQueues.resumeCommand(queues)] {
            try store.redis.call(command).accepted()
            try eventually("the bell rang for a pause, and for its end") { try rings(bell) > 0 }
        }

        #expect(try bell.call(QueueBell.pauseCommand).elements?.first?.text == "unsubscribe")
        try store.push("a", ["2"])
        #expect(try bell.call(RedisCommand("PING")).text == "PONG")

        #expect(try bell.call(QueueBell.resumeCommand).elements?.first?.text == "subscribe")
        try store.push("a", ["3"])
        try eventually("the bell rang again") { try rings(bell) > 0 }
    }
}
