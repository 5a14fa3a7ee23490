import JobModel
import Testing

@Suite("A due job on its way to its queue")
struct PromotedPayloadTests {
    private func promote(_ source: String) -> (payload: [UInt8], queue: QueueName)? {
        PromotedPayload.make(Array(source.utf8), now: now)
    }

    @Test("it gets a new enqueued_at and goes where it says")
    func dated() throws {
        let promoted = try #require(promote(#"{"class":"C","enqueued_at":1.5,"queue":"high"}"#))
        #expect(promoted.queue == QueueName("high"))
        #expect(text(promoted.payload) == #"{"class":"C","enqueued_at":1794700800123,"queue":"high"}"#)
    }

    @Test("a job without a queue goes to default", arguments: [#"{"class":"C"}"#, #"{"class":"C","queue":null}"#])
    func standard(_ source: String) {
        #expect(promote(source)?.queue.text == "default")
    }

    @Test(
        "what is no job, or names no usable queue, is not promoted",
        arguments: [
            "nonsense", "[]", "{}", #"{"class":"C","queue":""}"#, #"{"class":"C","queue":["a"]}"#,
            #"{"class":"C","queue":"a","queue":"b"}"#,
        ])
    func malformed(_ source: String) {
        #expect(promote(source) == nil)
    }
}
