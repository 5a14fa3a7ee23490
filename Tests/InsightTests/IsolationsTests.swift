import Testing

@testable import Insight

@Suite("Classes that leave memory behind are kept apart until they behave")
struct IsolationsTests {
    private typealias Change = Isolations<String>.Change

    private func cliff(_ isolations: inout Isolations<String>, at: Int64 = 1000) -> Change? {
        isolations.cliff(of: "Report", handler: "reports", reason: "from 100 MB to 400 MB", host: "a", at: at)
    }

    private func isolation(times: Int = 1, since: Int64 = 1000, lastCliff: Int64? = nil) -> Isolation {
        Isolation(
            handler: "reports", since: since, reason: "from 100 MB to 400 MB", host: "a", times: times,
            lastCliff: lastCliff ?? since)
    }

    @Test("the first cliff is enough, the second changes nothing but the time of the last")
    func begins() {
        var isolations = Isolations<String>()
        #expect(isolations.isEmpty)
        #expect(cliff(&isolations) == .begun("Report", isolation()))
        #expect(cliff(&isolations, at: 2000) == nil)
        #expect(isolations["Report"] == isolation(lastCliff: 2000))
        #expect(isolations["Mail"] == nil)
    }

    @Test("a hundred runs in a row without a cliff release it; one cliff between them begins the count anew")
    func behaves() {
        var isolations = Isolations<String>()
        _ = cliff(&isolations)
        for _ in 0..<99 { #expect(isolations.ran("Report", behaved: true) == nil) }
        _ = cliff(&isolations, at: 2000)
        for _ in 0..<99 { #expect(isolations.ran("Report", behaved: true) == nil) }
        #expect(isolations.ran("Report", behaved: false) == nil)
        for _ in 0..<99 { #expect(isolations.ran("Report", behaved: true) == nil) }
        #expect(isolations.ran("Report", behaved: true) == .behaved("Report", isolation(lastCliff: 2000), runs: 100))
        #expect(isolations.isEmpty)
        #expect(isolations.ran("Report", behaved: true) == nil)
    }

    @Test("each time it comes back it takes twice as many runs, up to 12,800")
    func comesBack() {
        var isolations = Isolations<String>()
        for expected in [100, 200, 400] {
            _ = cliff(&isolations)
            for _ in 1..<expected { #expect(isolations.ran("Report", behaved: true) == nil) }
            #expect(isolations.ran("Report", behaved: true) != nil, "\(expected)")
        }
        #expect(isolation(times: 8).runsToRelease == 12_800)
        #expect(isolation(times: 1_000_000).runsToRelease == 12_800)
        #expect(isolation(times: 0).runsToRelease == 100)
    }

    @Test("what others put on the list holds here, and how often it was there is remembered over a restart")
    func shared() {
        var isolations = Isolations<String>()
        let first = isolations.nextRound()
        #expect(first.number == 1 && first.writes == [])
        let listed = isolation(times: 2)
        #expect(isolations.heard(["Report": listed], times: ["Report": 2], round: 1) == [.begun("Report", listed)])
        #expect(isolations.heard(["Report": listed], times: ["Report": 2], round: 2) == [])
        #expect(isolations.heard([:], times: ["Report": 2], round: 3) == [.released("Report", listed)])
        #expect(cliff(&isolations) == .begun("Report", isolation(times: 3)))
    }

    @Test("a cliff that another worker saw begins the count anew")
    func othersCliff() {
        var isolations = Isolations<String>()
        _ = isolations.heard(["Report": isolation()], times: [:], round: 1)
        for _ in 0..<99 { _ = isolations.ran("Report", behaved: true) }
        _ = isolations.heard(["Report": isolation(lastCliff: 5000)], times: [:], round: 2)
        #expect(isolations.ran("Report", behaved: true) == nil)
    }

    @Test("what changed here is written once, and an answer that cannot know of it does not undo it")
    func writes() {
        var isolations = Isolations<String>()
        let asked = isolations.nextRound().number
        _ = cliff(&isolations)
        #expect(isolations.heard([:], times: [:], round: asked) == [])
        #expect(isolations["Report"] != nil)
        let second = isolations.nextRound()
        #expect(second.writes == [.put("Report", isolation(), isNew: true)])
        #expect(isolations.heard([:], times: [:], round: asked) == [], "an answer that was late")
        #expect(isolations.nextRound().writes == [])
        #expect(isolations.heard(["Report": isolation()], times: [:], round: second.number) == [])
        // From here on the list decides: an operator took it off.
        #expect(isolations.heard([:], times: [:], round: 3) == [.released("Report", isolation())])
    }

    @Test("what was released here is not brought back by an answer that is late")
    func lateAnswers() {
        var isolations = Isolations<String>()
        _ = isolations.heard(["Report": isolation()], times: [:], round: isolations.nextRound().number)
        let asked = isolations.nextRound().number
        for _ in 0..<100 { _ = isolations.ran("Report", behaved: true) }
        #expect(isolations.heard(["Report": isolation()], times: [:], round: asked) == [])
        #expect(isolations.isEmpty)
        let next = isolations.nextRound()
        #expect(next.writes == [.remove("Report")])
        #expect(isolations.heard([:], times: [:], round: next.number) == [])
    }

    @Test("what may not have been written, since the connection was lost, is written again")
    func lostTouch() {
        var isolations = Isolations<String>()
        _ = cliff(&isolations)
        #expect(isolations.nextRound().writes.count == 1)
        isolations.lostTouch()
        let again = isolations.nextRound()
        #expect(again.writes == [.put("Report", isolation(), isNew: false)])
        #expect(isolations.heard(["Report": isolation()], times: [:], round: again.number) == [])
        isolations.lostTouch()
        #expect(isolations.nextRound().writes == [], "this one is known to be there")
    }
}
