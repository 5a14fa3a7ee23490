import JobModel
import Testing

@Suite("Cancelled jobs")
struct CancellationTests {
    private let alice = Cancellation(by: "alice@web1")

    @Test("a cancelled job goes to the dead set whatever retries it had left, and says by whom and where")
    func buried() throws {
        for members in [#""retry":false"#, #""retry":5"#, #""retry_count":24"#, ""] {
            let job = try job(with: members)
            let failure = alice.failure(of: job, in: .running(identity: "web1:42:x"))
            let payload = try #require(verdict(.cancelled(failure), job).payload)
            let found = try Job(decoding: payload)
            #expect(found.object.string("error_class") == "Cancelled")
            #expect(found.object.string("error_message") == "cancelled by alice@web1 while it was running in web1:42:x")
            #expect(found.object.string("queue") == source.text)
            // A dashboard that puts it back takes one off: then it has the attempts it had.
            #expect(found.retryCount == (job.retryCount ?? -1) + 1)
        }
    }

    @Test("with `dead: false` it is dropped")
    func dropped() throws {
        let job = try job(with: #""dead":false"#)
        #expect(verdict(.cancelled(boom), job) == .discard)
        #expect(CancelledPayload.make(job, from: source, boom, now: now) == nil)
    }

    @Test("the error it had before stands below, and not one of the same kind")
    func lastError() throws {
        let failed = try job(with: #""error_class":"Boom","error_message":"it broke","retry_count":0"#)
        let words = alice.failure(of: failed, in: .retry).message
        #expect(words == "cancelled by alice@web1 while it waited for a retry\nits last error: Boom: it broke")
        let again = try job(with: #""error_class":"Cancelled","error_message":"cancelled by bob""#)
        #expect(alice.failure(of: again, in: .queue(source)).message.hasSuffix("while it waited in queue low"))
    }

    @Test("whoever cancels cannot write more into a job than a name")
    func names() {
        #expect(Cancellation(by: "a\nb\u{7}").by == "ab")
        #expect(Cancellation(by: "\n").by == "somebody")
        #expect(Cancellation(by: String(repeating: "é", count: 500)).by.utf8.count <= 203)
    }
}
