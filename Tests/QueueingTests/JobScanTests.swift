import JobModel
import Queueing
import Redis
import TestSupport
import Testing

@Suite("Looking for jobs")
struct JobScanTests {
    private let queue = QueueName(trusted: "q")

    private func payload(_ jid: String, _ more: String = "") -> String {
        #"{"class":"C","args":[],"jid":"\#(jid)"\#(more)}"#
    }

    private func jids(
        _ place: JobPlace, _ order: JobScan.Order = .complete, _ words: [String] = [], _ store: Store
    ) throws -> [String] {
        var scan = JobScan(place, order, words: words, over: store.redis)
        var found: [String] = []
        while let entries = try scan.next() { found += entries.map(\.jid) }
        return found
    }

    private func find(_ names: String..., in store: Store) throws -> [String] {
        var finder = JobFinder(over: store.redis)
        return try finder.find(names).map { _, found in
            switch found {
            case .waiting(let entry): "\(entry.place) \(entry.jid)"
            case .held(let job): "\(job.identity) \(job.jid)"
            case nil: "nowhere"
            }
        }
    }

    @Test("a queue is shown from either end, whole")
    func ofQueue() throws {
        let store = try Store()
        let all = (0..<1234).map { "j\($0)" }
        try store.push("q", all.map { payload($0) })
        #expect(try jids(.queue(queue), .nextFirst, [], store) == all)
        #expect(try jids(.queue(queue), .nextLast, [], store) == all.reversed())
        #expect(try jids(.queue(queue), .complete, ["j77\"", "j1200"], store) == ["j1200", "j77"])
        #expect(try jids(.queue(QueueName(trusted: "none")), .nextFirst, [], store) == [])
    }

    @Test("sorted sets are shown by their scores: what is due first, of the dead the newest")
    func ofSets() throws {
        let store = try Store()
        let all = (0..<1234).map { "j\($0)" }
        for set in ["retry", "dead"] {
            try store.run(["ZADD", set] + all.enumerated().flatMap { [String($0), payload($1)] })
        }
        #expect(try jids(.retry, .nextFirst, [], store) == all)
        #expect(try jids(.retry, .nextLast, [], store) == all.reversed())
        #expect(try jids(.dead, .nextFirst, [], store) == all.reversed())
        #expect(try Set(jids(.dead, .complete, [], store)) == Set(all))
        let some = all.filter { $0.contains("j77") }
        #expect(try jids(.retry, .nextFirst, ["j77"], store) == some)
        #expect(try jids(.dead, .nextFirst, ["j77"], store) == some.reversed())
    }

    @Test(
        "a word stands for itself, whatever Redis' patterns or Lua's make of it",
        arguments: ["a*b", "a?[b]-c", "%d^$", #"a\\b"#])
    func literal(word: String) throws {
        let store = try Store()
        let (this, other) = (payload("this", #","x":"\#(word)""#), payload("other", #","x":"a1b a2b 7""#))
        try store.push("q", [this, other])
        try store.run("ZADD", "retry", "1", this, "2", other)
        #expect(try jids(.queue(queue), .complete, [word], store) == ["this"])
        #expect(try jids(.retry, .complete, [word], store) == ["this"])
    }

    @Test("payloads of a megabyte are looked at one by one")
    func large() throws {
        let store = try Store()
        let filler = String(repeating: "x", count: 1 << 20)
        try store.push("q", (0..<20).map { payload("j\($0)", #","x":"\#(filler)""#) })
        var scan = JobScan(.queue(queue), .nextLast, words: ["jid"], over: store.redis)
        var (slices, found) = (0, 0)
        while let entries = try scan.next() {
            slices += 1
            found += entries.count
            #expect(entries.count <= 16)
        }
        #expect(found == 20 && slices > 1)
    }

    @Test("a job is found by its jid as a member, not as text in it, wherever it is")
    func byJID() throws {
        let store = try Store()
        try store.run("SADD", "queues", "q")
        try store.push("q", [payload("abcd"), #"{"class":"C","args":["abc",{"jid":"abc"}],"jid":"x"}"#, "no json abc"])
        #expect(try find("abc", in: store) == ["nowhere"])
        try store.push("q", [payload("abc")])
        try store.run("ZADD", "schedule", "1", payload("s"))
        try store.run("ZADD", "dead", "1", payload("d"))
        try store.lease()
        try store.run("HSET", Keys.reservations("me"), "0000000000000001:q", payload("held"))
        #expect(
            try find("abc", "s", "d", "held", "other", in: store)
                == ["queue:q abc", "schedule s", "dead d", "me held", "nowhere"])
    }

    @Test("a key is found by its exact score without a search, and among several of one score by its jid")
    func byKey() throws {
        let store = try Store()
        let score = 1_795_315_261.8850121
        for jid in ["a-b", "c", ""] { try store.run("ZADD", "dead", "\(score)", payload(jid)) }
        try store.run("ZADD", "dead", "\(score)", "no json", "9", #"{"jid":"12-c"}"#)
        #expect(
            try find("\(score)-c", "\(score)-a-b", "\(score)-d", "9.0-12-c", "12-c", in: store)
                == ["dead c", "dead a-b", "nowhere", "dead 12-c", "dead 12-c"])
        var scan = JobScan(.dead, .nextFirst, over: store.redis)
        let keys = try scan.next()?.compactMap { $0.key?.description } ?? []
        #expect(keys.contains("\(score)-a-b") && keys.contains("9.0-12-c"))
    }

    @Test("what processes hold is known from their reservations, and of Sidekiq's own from what they show")
    func held() throws {
        let store = try Store()
        try store.lease()
        try store.run(
            "HSET", Keys.reservations("me"), "0000000000000001:q", payload("runs"), "0000000000000002:q",
            payload("waits"))
        let work = #"{"queue":"q","payload":"{}","run_at":7,"reservation":1,"handler":"h","state":"running"}"#
        try store.run("HSET", "me:work", "slot", work)
        try store.run("SADD", "processes", "theirs")
        try store.run(
            "HSET", "theirs:work", "tid", #"{"queue":"low","payload":"{\"jid\":\"ruby\",\"class\":\"R\"}","run_at":3}"#)
        try store.run("SADD", "processes", "old")
        try store.run(
            "HSET", "old:workers", "tid", #"{"queue":"low","payload":{"jid":"older","class":"R"},"run_at":2}"#)
        let all = try HeldJob.all(store.redis)
        #expect(all.map(\.jid) == ["older", "ruby", "runs", "waits"])
        #expect(all.map { $0.work?.whereabouts?.handler } == [nil, nil, "h", nil])
        #expect(all.map(\.queue) == ["low", "low", "q", "q"])
    }

    @Test("filters look at what members mean")
    func filters() throws {
        let entry = JobEntry(
            place: .dead,
            payload: bytes(
                #"{"class":"Wrapper","wrapped":"Reports::Daily","error_class":"Net::Timeout","tags":["eu","x\"y"],"args":["needle"]}"#
            ),
            score: 1000)
        func takes(_ filter: JobFilter) -> Bool { filter.takes(entry) }
        #expect(takes(JobFilter(jobClass: "Reports::Daily")) && takes(JobFilter(jobClass: "Wrapper")))
        #expect(takes(JobFilter(jobClass: "Reports::*")) && !takes(JobFilter(jobClass: "Reports::")))
        #expect(takes(JobFilter(error: "Net::*")) && !takes(JobFilter(error: "Timeout")))
        #expect(takes(JobFilter(tag: "eu")) && takes(JobFilter(tag: "x\"y")) && !takes(JobFilter(tag: "e")))
        #expect(takes(JobFilter(text: "needle")) && !takes(JobFilter(text: "Needle")))
        #expect(takes(JobFilter(since: Timestamp(seconds: 1000), until: Timestamp(seconds: 1000))))
        #expect(!takes(JobFilter(since: Timestamp(seconds: 1001))) && !takes(JobFilter(until: Timestamp(seconds: 999))))
        #expect(
            takes(JobFilter(before: Timestamp(seconds: 1000))) && !takes(JobFilter(before: Timestamp(seconds: 999))))
        #expect(JobFilter(jobClass: "Reports::*", tag: "x\"y").word == "Reports::")
        #expect(JobFilter(tag: "x\"y").word == #"x\"y"#)
        #expect(JobFilter(jobClass: "*").word == nil)
    }

    @Test("a process is meant by its identity, by host and pid, or by the beginning of its identity")
    func processes() throws {
        let store = try Store()
        for (host, pid, nonce) in [("web1", 4711, "aaa"), ("web1", 47, "bbb"), ("web10", 4711, "aaa")] {
            let identity = "\(host):\(pid):\(nonce)"
            try store.run("SADD", "processes", identity, "gone:1:ccc")
            try store.run("HSET", identity, "info", #"{"hostname":"\#(host)","pid":\#(pid)}"#)
        }
        let roster = try ProcessRoster.read(store.redis)
        func matches(_ name: String) -> [String] { roster.matches(name).map(\.identity) }
        #expect(roster.processes.count == 3 && roster.leader == nil)
        #expect(matches("web1:47") == ["web1:47:bbb"], "not the one that only begins so")
        #expect(matches("web1:471") == ["web1:4711:aaa"])
        #expect(matches("web1:4711:aaa") == ["web1:4711:aaa"])
        #expect(matches("web1:") == ["web1:4711:aaa", "web1:47:bbb"].sorted())
        #expect(matches("gone") == [] && matches("eb1") == [])
    }
}
