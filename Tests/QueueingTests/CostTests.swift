import Insight
import JobModel
import Queueing
import Redis
import Testing

@Suite("What runs cost, in Redis")
struct CostTests {
    private static let measured = RunCost(
        wallSeconds: 1, cpuSeconds: 0.2, coreWaitSeconds: 0.05, isEstimate: true, seesChildren: true,
        memory: MemoryCost(before: 50 << 20, peak: 90 << 20, after: 60 << 20), outputBytes: 12)

    /// So many runs of a second, each waited for two; the first of them failed.
    private static func cost(runs: Int, queue: String = "default") -> ClassCost {
        var cost = ClassCost()
        for index in 0..<runs {
            cost.add(
                wallSeconds: 1, queueSeconds: 2, hasFailed: index == 0, cost: index.isMultiple(of: 2) ? measured : nil,
                queue: queue)
        }
        return cost
    }

    private static func parcel(
        _ number: Int, of identity: String = "me", _ classes: [String: ClassCost], at now: Timestamp,
        malloc: [CostParcel.MallocEntry] = []
    ) -> CostParcel {
        CostParcel(
            identity: identity, number: number, at: now, since: Timestamp(milliseconds: now.milliseconds - 5000),
            classes: classes.sorted { $0.key < $1.key }.map { .init(name: $0.key, cost: $0.value) }, handlers: malloc)
    }

    private func now(_ store: Store) throws -> Timestamp {
        Timestamp(seconds: try #require(store.run("TIME").elements?.first?.number))
    }

    @discardableResult
    private func add(_ parcel: CostParcel, to store: Store) throws -> Bool {
        try CostParcel.isNew(store.redis.call(parcel.command))
    }

    @Test("what two workers say of a class adds up, and everything that was said can be read again")
    func merge() throws {
        let store = try Store()
        let now = try now(store)
        #expect(try add(Self.parcel(1, of: "a", ["Ünited::Job": Self.cost(runs: 3)], at: now), to: store))
        #expect(try add(Self.parcel(1, of: "b", ["Ünited::Job": Self.cost(runs: 4, queue: "x")], at: now), to: store))
        var both = Self.cost(runs: 3)
        both.merge(Self.cost(runs: 4, queue: "x"))
        for seconds: Double in [60, 3600, 86_400, 259_200] {
            let report = try CostReport.read(store.redis, last: seconds)
            #expect(report.classes == ["Ünited::Job": both], "\(seconds)")
            #expect((4...60).contains(report.seconds), "\(report.seconds)")
        }
        #expect(both.ioShare == 0.75 && both.queues.sorted.map(\.queue) == ["x", "default"])
    }

    @Test("a parcel that is sent again because its answer was lost counts once")
    func again() throws {
        let store = try Store()
        let now = try now(store)
        let parcel = Self.parcel(7, ["A": Self.cost(runs: 2)], at: now)
        #expect(try add(parcel, to: store))
        #expect(try !add(parcel, to: store))
        #expect(try add(Self.parcel(8, ["A": Self.cost(runs: 1)], at: now), to: store))
        #expect(try !add(parcel, to: store))
        #expect(try CostReport.read(store.redis, last: 3600).classes["A"]?.runs == 3)
    }

    @Test("an hour is remembered by the minute, three days by the hour, and all of it goes away by itself")
    func windows() throws {
        let store = try Store()
        let now = try now(store)
        func ago(_ seconds: Double) -> Timestamp { Timestamp(seconds: now.seconds - seconds) }
        let ages: [Double] = [0, 1800, 18_000, 216_000, 288_000]
        for (number, seconds) in ages.enumerated() {
            try add(Self.parcel(number + 1, ["A": Self.cost(runs: 1)], at: ago(seconds)), to: store)
        }
        func runs(_ seconds: Double) throws -> Int {
            try CostReport.read(store.redis, last: seconds).classes["A"]?.runs ?? 0
        }
        #expect(try runs(600) == 1)
        #expect(try runs(3600) == 2)
        #expect(try runs(24 * 3600) == 3)
        #expect(try runs(72 * 3600) == 4)
        let keys = (try store.run("KEYS", "*").elements ?? []).compactMap(\.text)
        for key in keys {
            let life = try store.run("TTL", key).integer ?? -1
            #expect((1...(73 * 3600)).contains(life), "\(key) lives \(life) s")
            if key.contains(":m:") || key.contains("parcel") { #expect(life <= 3720, "\(key)") }
        }
    }

    @Test("a thousand classes have a place of their own; what comes after them counts together")
    func bounded() throws {
        let store = try Store()
        let now = try now(store)
        for start in stride(from: 0, to: 1600, by: 16) {
            let names = (start..<start + 16).map { "Class\(10_000 + $0)" }
            let classes = Dictionary(uniqueKeysWithValues: names.map { ($0, Self.cost(runs: 1)) })
            try add(Self.parcel(start / 16 + 1, classes, at: now), to: store)
        }
        let report = try CostReport.read(store.redis, last: 3600)
        #expect(report.classes.count == 1001)
        #expect(report.classes["(other)"]?.runs == 600)
        // One that is known is still counted by its name.
        try add(Self.parcel(200, ["Class10000": Self.cost(runs: 5)], at: now), to: store)
        #expect(try CostReport.read(store.redis, last: 3600).classes["Class10000"]?.runs == 6)
        #expect((try store.run("DBSIZE").integer ?? 0) == 2 + 2 * 1001)
    }

    @Test("of usual classes Redis keeps compact lists")
    func compact() throws {
        let store = try Store()
        let now = try now(store)
        var cost = ClassCost()
        for index in 0..<1000 {
            let seconds = 0.05 * (1 + Double(index % 20) / 10)
            cost.add(wallSeconds: seconds, queueSeconds: seconds, hasFailed: false, cost: Self.measured, queue: "q")
        }
        try add(Self.parcel(1, ["A": cost], at: now), to: store)
        for key in [Keys.hourCost("A", CalendarDate(now)), Keys.minuteCost("A", CalendarDate(now))] {
            // Before Redis 7 it had another name.
            let encoding = try store.run("OBJECT", "ENCODING", key).text
            #expect(encoding == "listpack" || encoding == "ziplist", "\(encoding ?? "-")")
            let bytes = try store.run("MEMORY", "USAGE", key).integer ?? 0
            #expect((1...1000).contains(bytes), "\(bytes) bytes")
        }
    }

    @Test("keys of other types and absurd numbers do no harm")
    func absurd() throws {
        let store = try Store()
        let now = try now(store)
        let most = "9223372036854775807"
        try store.run("SET", Keys.hourCost("A", CalendarDate(now)), "text")
        try add(Self.parcel(1, ["A": Self.cost(runs: 1), "B": Self.cost(runs: 1)], at: now), to: store)
        try store.run(
            "HSET", Keys.hourCost("B", CalendarDate(now)), "n", most, "w", "-\(most)", "17", most, "q:x", most)
        try store.run("HSET", Keys.hourCost("B", CalendarDate(now)), "9999", "1", "-3", "1", "?", "1", "since", most)
        try store.run("DEL", Keys.hourCost("A", CalendarDate(now)))
        let report = try CostReport.read(store.redis, last: 72 * 3600)
        #expect((report.classes["B"]?.runs ?? 0) > 1 << 40)
        #expect(try CostReport.read(store.redis, last: 600).classes["A"]?.runs == 1)
    }

    @Test("a full Redis refuses a parcel whole, and takes it when there is room again")
    func full() throws {
        let store = try Store()
        let now = try now(store)
        let parcel = Self.parcel(1, ["A": Self.cost(runs: 1)], at: now)
        try store.run("CONFIG", "SET", "maxmemory", "1")
        #expect(try store.redis.call(parcel.command).refusal?.meaning == .later)
        try store.run("CONFIG", "SET", "maxmemory", "0")
        #expect(try add(parcel, to: store))
        #expect(try CostReport.read(store.redis, last: 600).classes["A"]?.runs == 1)
    }

    @Test("of a handler's settings of malloc the present and the last are kept, whoever of two generations speaks last")
    func malloc() throws {
        let store = try Store()
        let now = try now(store)
        var number = 0
        func say(_ setting: String, peak: Int) throws {
            number += 1
            var peaks = MallocPeaks()
            peaks.add(peak: peak << 20)
            try add(
                Self.parcel(
                    number, [:], at: now, malloc: [.init(handler: "h", setting: setting, peaks: peaks)]), to: store)
        }
        func change() throws -> MallocChange? {
            try CostReport.read(store.redis, last: 600, handlers: ["h"]).malloc["h"]
        }
        try say("system", peak: 100)
        #expect(try change() == nil)
        try say("arenas=2", peak: 60)
        try say("system", peak: 120)
        try say("arenas=2", peak: 80)
        let first = try #require(try change())
        #expect(first.before.setting == "system" && first.now.setting == "arenas=2")
        #expect(first.before.peaks == MallocPeaks(runs: 2, sumKB: 220 << 10, highestKB: 120 << 10))
        #expect(first.now.peaks.meanBytes == 70 << 20)
        try say("jemalloc", peak: 50)
        let second = try #require(try change())
        #expect(second.before.setting == "arenas=2" && second.now.setting == "jemalloc")
        try say("system", peak: 10)
        #expect(try change()?.now.peaks == MallocPeaks(runs: 1, sumKB: 10 << 10, highestKB: 10 << 10))
    }

    @Test("of memory incidents the last thousand are kept, the newest first")
    func incidents() throws {
        let store = try Store()
        let now = try now(store)
        func incident(_ at: Int64) -> MemoryIncident {
            MemoryIncident(
                kind: .cliff, jobClass: "A \"quoted\"", jid: "j\(at)", argumentsDigest: "d", handler: "h",
                host: "web-1",
                before: 1, peak: 3, after: 2, seconds: 1.25, at: now.milliseconds - 2000 + at, alongside: ["B", "C"])
        }
        for at in 0..<1010 {
            for reply in try store.redis.pipeline(MemoryIncident.recordCommands([incident(Int64(at))])) {
                try reply.accepted()
            }
        }
        var old = incident(5000)
        old.at = now.milliseconds - 73 * 3_600_000
        for reply in try store.redis.pipeline(MemoryIncident.recordCommands([old, incident(1009)])) {
            try reply.accepted()
        }
        try store.run("LPUSH", Keys.incidents, "no json")
        let found = try CostReport.read(store.redis, last: 600).incidents
        #expect(found.first == incident(1009))
        #expect(found.count == 998, "those that are sent again count once")
        #expect(try store.run("LLEN", Keys.incidents).integer == 1001)
    }
}
