import JobModel
import Queueing
import Redis
import Testing

@Suite("Pushing")
struct ProducerTests {
    private func job(_ text: String, to queue: String = "q", at: Double? = nil) -> JobDraft.Prepared {
        JobDraft.Prepared(payload: bytes(text), queue: QueueName(trusted: queue), at: at, jid: text)
    }

    @Test("jobs lie in their queues in the order they were given, and later ones in the schedule")
    func push() throws {
        let store = try Store()
        let outcome = try Producer.push(
            [job("1"), job("a", to: "other"), job("2"), job("later", at: 1.7e9)], over: store.redis)
        #expect(outcome.pushed == 4)
        #expect(outcome.refused.isEmpty)
        #expect(try store.queue("q") == ["1", "2"])
        #expect(try store.queue("other") == ["a"])
        #expect(try store.run("ZSCORE", "schedule", "later").number == 1.7e9)
        #expect(try store.run("SCARD", "queues").integer == 2)
    }

    @Test("thousands of jobs go in batches and keep their order")
    func many() throws {
        let store = try Store()
        let jobs = (0..<2500).map { job(String($0)) }
        #expect(Producer.batches(jobs).count == 3)
        #expect(try Producer.push(jobs, over: store.redis).pushed == 2500)
        #expect(try store.queue("q") == jobs.map(\.jid))
    }

    @Test("large jobs go in smaller batches")
    func large() {
        let jobs = (0..<20).map { number in
            JobDraft.Prepared(
                payload: [UInt8](repeating: 0, count: 5 << 20), queue: .standard, at: nil, jid: String(number))
        }
        #expect(Producer.batches(jobs).count == 7)
    }

    @Test("what Redis refused is said, and the rest is pushed")
    func refused() throws {
        let store = try Store()
        try store.run("SET", "queue:bad", "text")
        let outcome = try Producer.push([job("1", to: "bad"), job("2")], over: store.redis)
        #expect(outcome.pushed == 1)
        #expect(outcome.refused.map(\.place) == ["queue:bad"])
        #expect(outcome.refused.map(\.jobs) == [1])
        #expect(try store.queue("q") == ["2"])
    }
}
