import JobModel
import Testing

@Suite("Names of queues, classes and jobs")
struct NamesTests {
    @Test("what can be a queue's name", arguments: ["default", "a:b c", "日本", String(repeating: "x", count: 200)])
    func queueNames(_ text: String) {
        #expect(QueueName(text)?.text == text)
    }

    @Test(
        "what cannot",
        arguments: [
            "", "a\nb", "a\u{0}", "\u{7F}", "\u{85}", String(repeating: "x", count: 201),
            String(repeating: "é", count: 101),
        ])
    func noQueueNames(_ text: String) {
        #expect(QueueName(text) == nil)
    }

    @Test("names that only look alike are two queues and two classes")
    func equivalence() {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        #expect(composed == decomposed)
        #expect(QueueName(composed) != QueueName(decomposed))
        #expect(
            Set([QueueName(trusted: composed), QueueName(trusted: decomposed), QueueName(trusted: composed)]).count == 2
        )
        #expect(JobClass(composed) != JobClass(decomposed))
        #expect(JobClass(bytes: Array(composed.utf8)) == JobClass(composed))
        #expect(QueueName(trusted: "a") < QueueName(trusted: "b"))
    }

    @Test("a job's identifier is 24 hexadecimal digits of the random bits")
    func jobIDs() {
        #expect(JobID.make(random: (0x0123_4567_89AB_CDEF, 0xFFFF_FFFF_0BAD_CAFE)) == "0123456789abcdef0badcafe")
        #expect(JobID.make(random: (0, 0)) == "000000000000000000000000")
    }

    @Test(
        "a run's time falls into the dashboard's bucket",
        arguments: [
            (0, 0), (-1, 0), (19, 0), (20, 1), (29, 1), (30, 2), (99, 4), (100, 5), (1099, 10), (1100, 11),
            (334_999, 24),
            (335_000, 25), (Int.max, 25),
        ])
    func buckets(_ milliseconds: Int, _ bucket: Int) {
        #expect(MetricsBucket.index(milliseconds: milliseconds) == bucket)
        #expect(MetricsBucket.limits.count + 1 == MetricsBucket.count)
    }
}
