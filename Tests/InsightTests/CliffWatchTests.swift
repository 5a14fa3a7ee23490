import Testing

@testable import Insight

@Suite("Which run is a memory cliff")
struct CliffWatchTests {
    private static let mega = 1 << 20
    private static let limits = CliffLimits(bytes: 64 * mega, share: 0.25)

    /// A process that has done its first run.
    private func process() -> CliffWatch<String> {
        var watch = CliffWatch<String>(Self.limits)
        watch.passed()
        return watch
    }

    @Test("one after which the process keeps much more, and still does later")
    func kept() throws {
        var watch = process()
        let suspected1 = watch.ended("big", before: 100 * Self.mega, after: 400 * Self.mega)
        #expect(suspected1)
        watch.seen(390 * Self.mega)
        watch.seen(700 * Self.mega)
        let named = watch.named()
        #expect(named.map(\.subject) == ["big"])
        #expect(named.first?.before == 100 * Self.mega)
        #expect(named.first?.after == 390 * Self.mega, "what a later run needs is not what this one left")
        let again = watch.named()
        #expect(again.isEmpty, "it is named once")
    }

    @Test("not one whose process gives it back a little later")
    func givenBack() {
        var watch = process()
        watch.ended("big", before: 100 * Self.mega, after: 400 * Self.mega)
        watch.seen(150 * Self.mega)
        watch.seen(400 * Self.mega)
        let named = watch.named()
        #expect(named.isEmpty)
    }

    @Test("not a small one, nor one that is small for so large a process")
    func small() {
        var watch = process()
        let suspected2 = watch.ended("small", before: 100 * Self.mega, after: 163 * Self.mega)
        #expect(!suspected2)
        let suspected3 = watch.ended("relative", before: 1000 * Self.mega, after: 1200 * Self.mega)
        #expect(!suspected3)
        let suspected4 = watch.ended("both", before: 1000 * Self.mega, after: 1250 * Self.mega)
        #expect(suspected4)
    }

    @Test("a process's first run may load twice as much, but not any amount")
    func first() {
        var watch = CliffWatch<String>(Self.limits)
        let suspected5 = watch.ended("loads", before: 20 * Self.mega, after: 140 * Self.mega)
        #expect(!suspected5)
        let suspected6 = watch.ended("second", before: 20 * Self.mega, after: 140 * Self.mega)
        #expect(suspected6)
        var other = CliffWatch<String>(Self.limits)
        let isHuge = other.ended("huge", before: 20 * Self.mega, after: 320 * Self.mega)
        #expect(isHuge)
    }

    @Test("of two in a row each is named with its own")
    func two() {
        var watch = process()
        watch.ended("one", before: 100 * Self.mega, after: 200 * Self.mega)
        watch.seen(200 * Self.mega)
        watch.ended("other", before: 200 * Self.mega, after: 500 * Self.mega)
        watch.seen(500 * Self.mega)
        let kept = watch.named().map { ($0.subject, ($0.after - $0.before) / Self.mega) }
        #expect(kept.map(\.0) == ["one", "other"])
        #expect(kept.map(\.1) == [100, 300])
    }
}

@Suite("When a process that grows is told of")
struct GrowthWatchTests {
    private static let mega = 1 << 20

    /// - Returns: the seconds at which it was told of.
    private func told(upTo seconds: Int, _ bytes: (Int) -> Int) -> [Int] {
        var watch = GrowthWatch(bytesPerMinute: 10 * Self.mega, patience: 60)
        var told: [Int] = []
        for second in stride(from: 0, through: seconds, by: 5)
        where watch.look(bytes: bytes(second), at: Double(second)) {
            told.append(second)
        }
        return told
    }

    @Test("after a minute of steady growth, and again at each doubling")
    func steady() {
        #expect(told(upTo: 600) { $0 * 12 * Self.mega / 60 } == [60, 120, 240, 480])
    }

    @Test("not while it grows by less, and not for a step")
    func quiet() {
        #expect(told(upTo: 600) { $0 * 9 * Self.mega / 60 } == [])
        #expect(told(upTo: 600) { $0 < 20 ? 0 : 300 * Self.mega } == [])
        #expect(told(upTo: 600) { $0 % 60 < 30 ? 0 : 50 * Self.mega } == [])
    }

    @Test("also if it begins to grow late, once most of the time was growth")
    func late() {
        let seconds = told(upTo: 3600) { max(0, $0 - 100) * 40 * Self.mega / 60 }
        #expect(seconds.first.map { $0 > 160 && $0 < 900 } == true, "\(seconds)")
    }

    @Test("hours of looks are not kept")
    func bounded() {
        let seconds = told(upTo: 36_000) { $0 * 12 * Self.mega / 60 }
        #expect(seconds == (0..<10).map { 60 << $0 })
    }
}

@Suite("The digest of arguments")
struct ArgumentsDigestTests {
    @Test("is FNV-1a of 64 bits, with all its digits")
    func known() {
        #expect(ArgumentsDigest.text(of: []) == "cbf29ce484222325")
        #expect(ArgumentsDigest.text(of: Array("a".utf8)) == "af63dc4c8601ec8c")
        #expect(ArgumentsDigest.text(of: Array("foobar".utf8)) == "85944171f73967e8")
    }
}
