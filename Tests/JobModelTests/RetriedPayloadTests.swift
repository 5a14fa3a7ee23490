import JobModel
import Testing

@Suite("A job that an operator moves")
struct RetriedPayloadTests {
    private func retried(_ source: String, to queue: QueueName? = nil) -> String? {
        RetriedPayload.make(Array(source.utf8), now: now, to: queue).map { text($0.payload) + " " + $0.queue.text }
    }

    @Test("put back, it has a new enqueued_at and one failure less, and all else is byte for byte as it was")
    func retried() {
        #expect(
            retried(
                #"{ "class":"C","args":[1.0,12345678901234567890],"queue":"q","retry_count":3,"error_class":"E","x":"\u0061"}"#
            )
                == #"{ "class":"C","args":[1.0,12345678901234567890],"queue":"q","retry_count":2,"error_class":"E","x":"\u0061","enqueued_at":1794700800123} q"#
        )
        #expect(
            retried(#"{"class":"C","enqueued_at":1.5,"retry_count":0}"#)
                == #"{"class":"C","enqueued_at":1794700800123,"retry_count":-1} default"#)
        #expect(retried(#"{"class":"C"}"#) == #"{"class":"C","enqueued_at":1794700800123} default"#)
        #expect(retried(#"{"class":"C","retry_count":-9223372036854775808}"#)?.contains(#""retry_count":-1,"#) == true)
    }

    @Test("put into another queue, it names that queue")
    func elsewhere() {
        #expect(
            retried(#"{"class":"C","queue":"q"}"#, to: QueueName(trusted: "other"))
                == #"{"class":"C","queue":"other","enqueued_at":1794700800123} other"#)
        let moved = MovedPayload.make(Array(#"{"queue":"q","class":"C","enqueued_at":1.5}"#.utf8), to: .standard)
        #expect(moved.map(text) == #"{"queue":"default","class":"C","enqueued_at":1.5}"#)
        #expect(MovedPayload.make(Array("no job".utf8), to: .standard) == nil)
    }

    @Test("a scheduled job keeps its count of failures")
    func due() {
        let due = DuePayload.make(Array(#"{"class":"C","retry_count":3}"#.utf8), now: now)
        #expect(due.map { text($0.payload) } == #"{"class":"C","retry_count":3,"enqueued_at":1794700800123}"#)
    }

    @Test("what is no job is not put back", arguments: ["nonsense", "{}", #"{"class":"C","queue":7}"#])
    func malformed(_ source: String) { #expect(retried(source) == nil) }

    @Test("in the form of Sidekiq 7 times are seconds; a scheduled job expires so long after it is put into its queue")
    func forms() {
        let retried = RetriedPayload.make(Array(#"{"class":"C"}"#.utf8), now: now, as: .seven)
        #expect(retried.map { text($0.payload) } == #"{"class":"C","enqueued_at":1794700800.123}"#)
        let expiring = Array(#"{"class":"C","expires_in":10}"#.utf8)
        #expect(DuePayload.make(expiring, now: now).map { text($0.payload).contains("\"expiry\"") } == true)
        #expect(RetriedPayload.make(expiring, now: now).map { text($0.payload).contains("\"expiry\"") } == false)
    }
}
