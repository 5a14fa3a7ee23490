import JobModel
import Testing

@Suite("Reading a payload as a job")
struct JobTests {
    @Test("a fresh job of Sidekiq 8 is read")
    func fresh() throws {
        let source =
            #"{"retry":true,"queue":"low","class":"HardJob","args":[1.0],"jid":"b4a577edbccf1d805744efa9","created_at":1795315261885,"enqueued_at":1795315261900}"#
        let job = try job(source)
        #expect(job.jobClass == JobClass("HardJob"))
        #expect(job.route == JobClass("HardJob"))
        #expect(job.jid == "b4a577edbccf1d805744efa9")
        #expect(job.declaredQueue == QueueName("low"))
        #expect(job.createdAt == Timestamp(milliseconds: 1_795_315_261_885))
        #expect(job.enqueuedAt == Timestamp(milliseconds: 1_795_315_261_900))
        #expect(job.failedAt == nil)
        #expect(job.retryCount == nil)
        #expect(job.attempt == 1)
        #expect(job.backtraceLines == nil)
        #expect(text(job.payload) == source)
    }

    @Test("a wrapped job goes by the class it wraps")
    func wrapped() throws {
        let wrapped = try job(#"{"class":"Sidekiq::ActiveJob::Wrapper","wrapped":"ReportJob","args":[{}]}"#)
        #expect(wrapped.route.text == "ReportJob")
        #expect(wrapped.jobClass.text == "Sidekiq::ActiveJob::Wrapper")
        #expect(try job(with: #""wrapped":null"#).route.text == "C")
        #expect(try job(with: #""wrapped":7"#).route.text == "C")
    }

    @Test("a job from a hand-written client needs nothing but a class")
    func minimal() throws {
        let bare = try job(#"{"class":"C"}"#)
        #expect(bare.jid == nil)
        #expect(bare.declaredQueue == nil)
        #expect(try job(with: #""x":1"#).jid == "j1")
        #expect(try job(#"{"class":"C","jid":null}"#).jid == nil)
    }

    @Test(
        "after n failures the next run is number n + 1",
        arguments: [
            ("0", 0, 2), ("24", 24, 26), ("-1", -1, 1), ("-7", -1, 1), ("3.0", 3, 5),
            ("1e400", 1_000_000_000, 1_000_000_002),
            ("12345678901234567890", 1_000_000_000, 1_000_000_002),
        ])
    func attempts(_ literal: String, _ count: Int, _ attempt: Int) throws {
        let job = try job(with: "\"retry_count\":\(literal)")
        #expect(job.retryCount == count)
        #expect(job.attempt == attempt)
    }

    @Test("a count that is no number counts as none", arguments: ["null", "\"3\"", "[]", "true"])
    func uncounted(_ literal: String) throws {
        #expect(try job(with: "\"retry_count\":\(literal)").retryCount == nil)
    }

    @Test(
        "what cannot be run is malformed, and the reason has a name",
        arguments: [
            ("[1]", MalformedPayload.notAnObject), ("\"x\"", .notAnObject), ("null", .notAnObject),
            ("", .json(JSONError(offset: 0, reason: .unexpectedEnd))),
            ("oops", .json(JSONError(offset: 0, reason: .unexpectedByte))),
            (#"{"class":"C"}{}"#, .json(JSONError(offset: 13, reason: .trailingBytes))),
            ("{}", .noClass), (#"{"class":null}"#, .noClass), (#"{"class":7}"#, .noClass),
            (#"{"Class":"C"}"#, .noClass),
            (#"{"class":""}"#, .unusableClass), (#"{"class":"a\u0000b"}"#, .unusableClass),
            (#"{"class":"a\nb"}"#, .unusableClass),
            ("{\"class\":\"a\u{7F}\"}", .unusableClass), ("{\"class\":\"a\u{9B}31m\"}", .unusableClass),
            (#"{"class":"\ud800"}"#, .unusableClass), (#"{"class":"C","wrapped":""}"#, .unusableClass),
            (#"{"class":"C","wrapped":"\u001b[2J"}"#, .unusableClass),
            (#"{"class":"C","jid":7}"#, .unusableJID), (#"{"class":"C","jid":""}"#, .unusableJID),
            (#"{"class":"C","jid":"\u0000"}"#, .unusableJID), (#"{"class":"C","jid":"\udfff"}"#, .unusableJID),
            (#"{"class":"C","class":"C"}"#, .duplicateMember("class")),
            (#"{"class":"C","cl\u0061ss":"D"}"#, .duplicateMember("class")),
            (#"{"class":"C","jid":"a","j\u0069d":"b"}"#, .duplicateMember("jid")),
            (#"{"queue":"a","class":"C","queue":"b"}"#, .duplicateMember("queue")),
            (#"{"class":"C","retry":1,"retry":false}"#, .duplicateMember("retry")),
        ])
    func malformed(_ source: String, _ reason: MalformedPayload) {
        #expect(throws: reason) { try job(source) }
    }

    @Test("names up to 512 bytes are names")
    func longNames() throws {
        let longest = String(repeating: "é", count: 256)
        #expect(try job("{\"class\":\"\(longest)\",\"jid\":\"\(longest)\"}").jid == longest)
        #expect(throws: MalformedPayload.unusableClass) { try job("{\"class\":\"\(longest)x\"}") }
        #expect(throws: MalformedPayload.unusableJID) { try job("{\"class\":\"C\",\"jid\":\"\(longest)x\"}") }
    }

    @Test("other members may stand there twice; the last one counts")
    func otherDuplicates() throws {
        let job = try job(with: #""retry_count":1,"tags":[],"retry_count":5,"tags":["x"],"wrapped":"A","wrapped":"B""#)
        #expect(job.retryCount == 5)
        #expect(job.route.text == "B")
    }

    @Test("odd arguments are the handler's business", arguments: ["null", "{}", "\"x\"", "[\"\\ud800\"]", "[1e400]"])
    func oddArguments(_ arguments: String) throws {
        #expect(try job("{\"class\":\"C\",\"args\":\(arguments)}").jobClass.text == "C")
    }

    @Test(
        "a backtrace is kept as far as the job asks",
        arguments: [
            ("true", Int.max), ("false", nil), ("null", nil), ("5", 5), ("0", nil), ("-1", nil), ("2.9", 2),
            ("\"3\"", 3),
            ("\"yes\"", nil), ("1e400", 1_000_000), ("[]", nil),
        ] as [(String, Int?)])
    func backtrace(_ literal: String, _ lines: Int?) throws {
        #expect(try job(with: "\"backtrace\":\(literal)").backtraceLines == lines)
    }

    @Test("a queue member that names no queue is ignored", arguments: ["7", "\"\"", #""a\nb""#, "null"])
    func oddQueue(_ literal: String) throws {
        #expect(try job(with: "\"queue\":\(literal)").declaredQueue == nil)
    }

    @Test("the reasons read like sentences")
    func wording() {
        #expect("\(MalformedPayload.duplicateMember("jid"))" == "it has more than one jid")
        #expect(
            "\(MalformedPayload.json(JSONError(offset: 3, reason: .badNumber)))"
                == "not JSON: a malformed number at byte 3")
    }

    @Test("a payload is shown as it is, and of a long one which job it is")
    func excerpt() throws {
        let short = Array(#"{"class":"A","jid":"j","args":[1.10]}"#.utf8)
        #expect(try Job(decoding: short).excerpt == short)
        let filler = String(repeating: "x", count: 1 << 20)
        let long = try Job(
            decoding: Array(
                #"{"class":"Wrapper","wrapped":"R\"1","jid":"j","queue":"q","retry_count":2,"args":["\#(filler)"]}"#
                    .utf8))
        #expect(long.excerpt.count < 300)
        let shown = try Job(decoding: long.excerpt)
        #expect(shown.route == long.route && shown.jid == "j" && shown.retryCount == 2)
        #expect(shown.declaredQueue?.text == "q")
    }
}
