import Platform
import Testing

@testable import Worker

@Suite("Whether work moves")
struct ProgressTests {
    /// Looks once a second.
    private struct Watch {
        var seconds = 100.0
        var progress: Progress
        var link = Progress.Link.up(isReceiving: false)
        var wantsJobs = true

        init() { progress = Progress(now: Self.time(100)) }

        static func time(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }

        /// - Parameter answers: what comes in each second; nil for nothing, true for the answer to an exchange.
        mutating func pass(_ count: Int, answers: Bool? = nil) -> [String?] {
            (0..<count).map { _ in
                seconds += 1
                if let answers { progress.answered(isExchange: answers) }
                return progress.obstacle(link: link, wantsJobs: wantsJobs, at: Self.time(seconds))
            }
        }
    }

    @Test("exchanges that are answered are progress")
    func answered() {
        var watch = Watch()
        #expect(watch.pass(1000, answers: true).allSatisfy { $0 == nil })
    }

    @Test("a loop that turns while no answer comes, and no failure is known, is none after 10 s")
    func unanswered() {
        var watch = Watch()
        let looks = watch.pass(20)
        #expect(looks.prefix(10).allSatisfy { $0 == nil })
        #expect(looks[10] == "Redis has answered nothing for 11 s")
        #expect(watch.pass(1, answers: true) == [nil], "and is again with the first answer")
    }

    @Test("heartbeats that are answered do not hide that nothing is fetched")
    func onlyBeats() {
        var watch = Watch()
        let looks = watch.pass(20, answers: false)
        #expect(looks.prefix(10).allSatisfy { $0 == nil })
        #expect(looks.last??.contains("slots are free") == true)
    }

    @Test("with all slots busy, or quiet, nothing has to be fetched")
    func nothingWanted() {
        var watch = Watch()
        watch.wantsJobs = false
        #expect(watch.pass(1000, answers: false).allSatisfy { $0 == nil })
        watch.wantsJobs = true
        #expect(watch.pass(10, answers: false).allSatisfy { $0 == nil }, "a slot that becomes free has its time")
    }

    @Test("an outage is no hang, however long it lasts, and what comes after it begins anew")
    func outage() {
        var watch = Watch()
        watch.link = .waiting
        #expect(watch.pass(10_000).allSatisfy { $0 == nil })
        watch.link = .up(isReceiving: false)
        #expect(watch.pass(10).allSatisfy { $0 == nil })
        #expect(watch.pass(1) != [nil])
    }

    @Test("an answer that goes on coming over a slow line is no hang")
    func receiving() {
        var watch = Watch()
        watch.link = .up(isReceiving: true)
        #expect(watch.pass(1000).allSatisfy { $0 == nil })
    }

    @Test("an attempt to connect that never ends is a hang")
    func hangingAttempt() {
        var watch = Watch()
        watch.link = .connecting(since: Watch.time(100))
        let looks = watch.pass(70)
        #expect(looks.prefix(60).allSatisfy { $0 == nil })
        #expect(looks.last??.contains("attempt to reach Redis") == true)
    }

    @Test("a process that stood still does not blame Redis for it")
    func stoodStill() {
        var watch = Watch()
        _ = watch.pass(3, answers: true)
        watch.seconds += 300
        #expect(watch.pass(1) == [nil])
    }
}
