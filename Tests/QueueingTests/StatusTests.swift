import JobModel
import Queueing
import Redis
import Testing

@Suite("What status shows")
struct StatusTests {
    @Test("capsules of a process, the leader, and queues that are paused")
    func capsules() throws {
        let store = try Store()
        var description = ProcessDescription(
            identity: "one", hostname: "h", pid: 1, startedAt: noon, tag: "", labels: [],
            capsules: [
                .init(
                    name: "default", concurrency: 8,
                    queues: [
                        .init(name: QueueName(trusted: "a"), weight: 0),
                        .init(name: QueueName(trusted: "b"), weight: 0),
                    ]),
                .init(
                    name: "heavy \"one\"", concurrency: 2,
                    queues: [
                        .init(name: QueueName(trusted: "b"), weight: 1),
                        .init(name: QueueName(trusted: "c"), weight: 3),
                    ]),
            ], version: "1")
        for identity in ["one", "two"] {
            description.identity = identity
            let beat = ProcessRegistry.Beat(
                identity: identity, origin: someOrigin,
                record: ProcessRecord(
                    info: description.json, concurrency: 10, busy: 0, beat: noon, roundTripMicroseconds: 1,
                    isQuiet: false, residentKB: 1))
            _ = try store.redis.call(ProcessRegistry.command(beat)).accepted()
        }
        try store.push("a", [#"{"class":"A","args":[],"enqueued_at":1}"#])
        try store.push("b", ["{}"])
        try store.run("SADD", "queues", "a", "b")
        try store.run("SADD", "paused", "a", "unheard-of")
        try store.run("SET", "dear-leader", "two")

        let report = try StatusReport.read(store.redis)
        #expect(report.processes.map(\.isLeader) == [false, true])
        #expect(report.processes[0].queues == ["a", "b", "c"])
        #expect(report.processes[0].concurrency == 10)
        #expect(
            report.processes[0].capsules == [
                CapsuleState(name: "default", concurrency: 8, mode: "strict", queues: ["a", "b"]),
                CapsuleState(name: "heavy \"one\"", concurrency: 2, mode: "weighted", queues: ["b", "c"]),
            ])
        #expect(report.queues.filter(\.isPaused).map(\.name.text) == ["a"])
        let info = try JSONObject(scanning: description.json)
        #expect(info.integer("concurrency") == 10)
        #expect(
            info.elements(of: "weights")?.map { String(decoding: info.bytes[$0], as: UTF8.self) } == [
                #"{"a":0,"b":0}"#, #"{"b":1,"c":3}"#,
            ])
    }

    @Test("queues, sets, totals, processes with their jobs, and classes")
    func report() throws {
        let store = try Store()
        let now = try #require(store.run("TIME").elements?.first?.integer)
        try store.run("SADD", "queues", "empty", "q", "bad")
        try store.run("SET", "queue:bad", "text")
        try store.push("q", [#"{"class":"A","args":[],"enqueued_at":\#((now - 30) * 1000)}"#, "no json"])
        try store.run("ZADD", "retry", "1", "a")
        try store.run("ZADD", "dead", "1", "a", "2", "b")
        try store.run("SET", "stat:processed", "12")
        try store.run("SADD", "processes", "vanished")
        _ = try store.redis.call(ProcessRegistry.command(someBeat("me")))
        var metrics = ClassMetrics()
        metrics.addSuccess(milliseconds: 25)
        metrics.addSuccess(milliseconds: 35)
        metrics.addFailure()
        let flush = ClassMetrics.flushCommands(
            [JobClass("A"): metrics], at: Timestamp(milliseconds: Int64(now) * 1000), as: .eight)
        for reply in try store.redis.pipeline(flush) { try reply.accepted() }

        let report = try StatusReport.read(store.redis)
        #expect(report.queues.map(\.name.text) == ["bad", "empty", "q"])
        #expect(report.queues.map(\.size) == [0, 0, 2])
        #expect(report.queues[0].trouble?.code == "WRONGTYPE")
        #expect(report.queues[1].latencySeconds == nil)
        #expect((29...40).contains(report.queues[2].latencySeconds ?? -1))
        #expect([report.retries, report.scheduled, report.dead] == [1, 0, 2])
        #expect([report.processed, report.failed] == [12, 0])
        let process = try #require(report.processes.first)
        #expect(report.processes.count == 1)
        #expect(process.identity == "me")
        #expect(process.queues == ["q", "Ü"])
        #expect([process.concurrency, process.busy, process.residentKB, process.pid] == [10, 1, 4096, 42])
        #expect(process.startedAt == noon)
        let job = try #require(process.jobs.first)
        #expect([job.slot, job.queue, job.jobClass, job.jid] == ["s1", "q", "A", "j1"])
        #expect(job.startedAt == noon)
        #expect(job.whereabouts == .init(handler: "h\"1", pid: 4711, standing: "running", isSlow: true))
        #expect(report.slow == 1)
        let totals = try #require(report.lastHour.first)
        #expect(report.lastHour.count == 1)
        #expect(totals.name == "A")
        #expect([totals.runs, totals.failures, totals.milliseconds] == [3, 1, 60])
        #expect(totals.averageMilliseconds == 30)
    }

    @Test("metrics lie where Sidekiq's dashboard looks for them")
    func metrics() throws {
        let store = try Store()
        var metrics = ClassMetrics()
        for milliseconds in [19, 20, 400_000] { metrics.addSuccess(milliseconds: milliseconds) }
        // 09:05 on 3 January 2026.
        let instant = Timestamp(milliseconds: 1_767_431_100_000)
        for _ in 0..<2 {
            let flush = ClassMetrics.flushCommands([JobClass("A::B"): metrics], at: instant, as: .eight)
            for reply in try store.redis.pipeline(flush) { try reply.accepted() }
        }
        #expect(try store.run("HGET", "j|260103|9:05", "A::B|p").integer == 6)
        #expect(try store.run("HGET", "j|260103|9:0", "A::B|ms").integer == 2 * 400_039)
        #expect(try store.run("HEXISTS", "j|260103|9:05", "A::B|f").integer == 0)
        let histogram = try store.run(
            "BITFIELD_RO", "h|A::B-3-9:5", "GET", "u16", "#0", "GET", "u16", "#1", "GET", "u16", "#25")
        #expect(histogram.elements?.map(\.integer) == [2, 2, 2])
        #expect((try store.run("TTL", "j|260103|9:05").integer ?? -1) > 28_000)
        #expect((try store.run("TTL", "j|260103|9:0").integer ?? -1) > 259_000)
        #expect((try store.run("TTL", "h|A::B-3-9:5").integer ?? -1) > 28_000)
    }

    @Test("with the setting 7 metrics lie where the dashboard of Sidekiq 7 looks for them")
    func oldMetrics() throws {
        let store = try Store()
        var metrics = ClassMetrics()
        for milliseconds in [19, 20, 400_000] { metrics.addSuccess(milliseconds: milliseconds) }
        // 09:05 on 3 January 2026.
        let instant = Timestamp(milliseconds: 1_767_431_100_000)
        let flush = ClassMetrics.flushCommands([JobClass("A::B"): metrics], at: instant, as: .seven)
        for reply in try store.redis.pipeline(flush) { try reply.accepted() }
        #expect(try store.run("HGET", "j|20260103|9:5", "A::B|p").integer == 3)
        #expect(try store.run("HGET", "j|20260103|9:5", "A::B|ms").integer == 400_039)
        let histogram = try store.run(
            "BITFIELD_RO", "A::B-03-09:5", "GET", "u16", "#0", "GET", "u16", "#1", "GET", "u16", "#25")
        #expect(histogram.elements?.map(\.integer) == [1, 1, 1])
        #expect((try store.run("TTL", "j|20260103|9:5").integer ?? -1) > 28_000)
        #expect((try store.run("TTL", "A::B-03-09:5").integer ?? -1) > 28_000)
        #expect(try store.run("DBSIZE").integer == 2)
    }

    @Test("status adds up what processes write in the form of 7 and of 8")
    func bothForms() throws {
        let store = try Store()
        let now = try StatusReport.read(store.redis).now
        for (major, milliseconds) in [(SidekiqMajor.seven, 10), (.eight, 20)] {
            var metrics = ClassMetrics()
            metrics.addSuccess(milliseconds: milliseconds)
            let flush = ClassMetrics.flushCommands([JobClass("A"): metrics], at: now, as: major)
            for reply in try store.redis.pipeline(flush) { try reply.accepted() }
        }
        let report = try StatusReport.read(store.redis)
        for totals in [report.lastTenMinutes, report.lastHour] {
            #expect(totals.map(\.runs) == [2])
            #expect(totals.map(\.milliseconds) == [30])
        }
    }

    @Test("days and minutes are those of UTC, leap days too")
    func calendar() {
        let leap = CalendarDate(Timestamp(milliseconds: 1_709_164_800_000 - 1))
        #expect(leap.dashed == "2024-02-28")
        let next = CalendarDate(Timestamp(milliseconds: 1_709_164_800_000))
        #expect(next.dashed == "2024-02-29")
        #expect(next.compact == "240229")
        #expect(Keys.minuteMetrics(next) == "j|240229|0:00")
    }

    @Test("numbers that nobody can have counted do no harm")
    func absurd() throws {
        let store = try Store()
        let most = "9223372036854775807"
        try store.run("SADD", "processes", "h:1:abc")
        try store.run("HSET", "h:1:abc", "info", #"{"hostname":"h","started_at":1e300}"#, "rss", most, "beat", "nan")
        let now = try StatusReport.read(store.redis).now
        for minute in 0..<3 {
            let date = CalendarDate(Timestamp(milliseconds: now.milliseconds - Int64(minute) * 60_000))
            try store.run("HSET", Keys.minuteMetrics(date), "A|p", most, "A|ms", most, "A|f", "-\(most)")
        }
        let report = try StatusReport.read(store.redis)
        #expect(report.processes.first.map { $0.residentKB + 512 > 0 } == true)
        #expect(report.lastHour.first.map { $0.runs > 0 && $0.failures == 0 } == true)
    }
}
