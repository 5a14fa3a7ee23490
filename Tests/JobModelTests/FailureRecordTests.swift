import JobModel
import Testing

@Suite("What a failure leaves in the payload")
struct FailureRecordTests {
    @Test("the first failure adds the error behind what was there")
    func first() throws {
        let source = #"{"class":"C","args":[1.0],"jid":"j1"}"#
        let added =
            #","queue":"low","error_message":"it broke","error_class":"Boom","failed_at":1794700800123,"retry_count":0}"#
        let payload = try #require(try verdict(.failed(boom), job(source)).payload)
        #expect(text(payload) == source.dropLast() + added)
    }

    @Test("a later failure replaces the error in place and keeps the first date")
    func later() throws {
        let source =
            #"{"class":"C","queue":"old","error_message":"x","failed_at":1700000000.5,"error_class":"X","retry_count":3,"args":[]}"#
        let payload = try #require(try verdict(.failed(boom), job(source)).payload)
        #expect(
            text(payload)
                == #"{"class":"C","queue":"low","error_message":"it broke","failed_at":1700000000.5,"error_class":"Boom","retry_count":4,"args":[],"retried_at":1794700800123}"#
        )
    }

    @Test("a buried job carries the same record")
    func buried() throws {
        let job = try job(with: #""retry":0"#)
        let payload = try #require(verdict(.failed(boom), job).payload)
        #expect(payload == verdict(.dead(boom), job).payload)
        let after = try Job(decoding: payload)
        #expect(after.retryCount == 0)
        #expect(after.failedAt == now)
        #expect(after.object.string("error_class") == "Boom")
    }

    @Test("a retry goes to retry_queue if the job names one, else back where it came from")
    func retryQueue() throws {
        func queue(_ members: String) throws -> String? {
            try Job(decoding: #require(try verdict(.failed(boom), job(with: members)).payload)).declaredQueue?.text
        }
        #expect(try queue(#""retry_queue":"slow","queue":"high""#) == "slow")
        #expect(try queue(#""queue":"high""#) == "low")
        #expect(try queue(#""retry_queue":null"#) == "low")
        #expect(try queue(#""retry_queue":"""#) == "low")
        #expect(try queue(#""retry_queue":7"#) == "low")
    }

    @Test("a job whose first failure has no readable date gets one, so that retry_for ends some day")
    func undated() throws {
        let job = try job(with: #""retry_count":2,"retry_for":60,"failed_at":"yesterday""#)
        let after = try Job(decoding: #require(verdict(.failed(boom), job).payload))
        #expect(after.failedAt == now)
        #expect(after.object.integer("retried_at") == 1_794_700_800_123)
        #expect(after.retryCount == 3)
    }

    @Test("retry now on a dashboard takes one off the count and the job goes on")
    func retryNow() throws {
        let after = try Job(
            decoding: #require(
                try verdict(.failed(boom), job(with: #""retry_count":-1,"failed_at":1700000000000"#)).payload))
        #expect(after.retryCount == 0)
        #expect(after.failedAt == Timestamp(milliseconds: 1_700_000_000_000))
        #expect(after.object.timestamp("retried_at") == now)
    }

    @Test("a backtrace is stored only for jobs that want one, and an old one does not outlive its error")
    func backtrace() throws {
        func stored(_ members: String, _ trace: String?) throws -> String? {
            let verdict = try verdict(.failed(boom), job(with: members), storedBacktrace: trace)
            return try JSONObject(scanning: #require(verdict.payload)).string("error_backtrace")
        }
        #expect(try stored(#""backtrace":true"#, "eJyL") == "eJyL")
        #expect(try stored(#""backtrace":3,"error_backtrace":"old""#, "eJyL") == "eJyL")
        #expect(try stored(#""backtrace":true,"error_backtrace":"old""#, nil) == nil)
        #expect(try stored("", "eJyL") == nil)
        #expect(try stored(#""backtrace":false,"error_backtrace":"old""#, "eJyL") == "old")
    }

    @Test("an error message can hold anything and the payload stays a payload")
    func hostileMessage() throws {
        let message = "\"}\n\u{0}\u{1B}[2J</script>\\ é \u{202E}🦅"
        let failure = Failure(errorClass: "A\"B", message: message)
        let after = try Job(decoding: #require(try verdict(.failed(failure), job(with: "")).payload))
        #expect(after.object.string("error_message") == message)
        #expect(after.object.string("error_class") == "A\"B")
    }
}
