import JobModel
import Queueing
import Testing

@testable import Worker

@Suite("What a worker does about jobs whose time is over")
struct ExpiryStateTests {
    private func payload(_ jid: String, _ members: String) -> [UInt8] {
        Array(#"{"class":"C","args":[],"jid":"\#(jid)",\#(members)}"#.utf8)
    }

    @Test("they are dropped when their turn comes, counted, told, and the next takes the slot")
    func dropped() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        let now = bench.now.wall.seconds
        bench.tell(
            .exchanged(
                bench.answer(
                    to: request,
                    payloads: [
                        payload("old", #""expiry":\#(now - 1)"#), payload("just", #""expiry":\#(now)"#),
                        payload("new", #""expiry":\#(now + 1)"#), payload("odd", #""expiry":"gone""#),
                    ])))
        let actions = bench.next()
        #expect(actions.starts.map(\.job.jid) == ["new"])
        let settled = try #require(actions.exchange?.settlements)
        #expect(settled.map(\.verdict) == [.discard, .discard])
        #expect(settled.map(\.counts) == [.expired, .expired])
        #expect(settled.allSatisfy { !$0.isResult })
        let told = actions.notices.compactMap { notice -> String? in
            if case .expired(let job, _, _) = notice { job.jid } else { nil }
        }
        #expect(told == ["old", "just"])
    }

    @Test("one that has begun goes on, and its retry is held to its time")
    func begun() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        let member = #""expiry":\#(bench.now.wall.seconds + 5)"#
        bench.tell(.exchanged(bench.answer(to: request, payloads: [payload("a", member)])))
        let start = try #require(bench.next().starts.first)
        bench.advance(10)
        #expect(bench.next().interrupts.isEmpty)
        bench.tell(.ran(slot: start.slot, .init(outcome: .failed(Failure(errorClass: "E", message: "m")))))
        let settlement = try #require(bench.next().exchange?.settlements.first)
        guard case .retry(_, let retried) = settlement.verdict else {
            Issue.record("it is to be retried: \(settlement.verdict)")
            return
        }
        #expect(try Job(decoding: retried).expiresAt.map { $0 <= bench.now.wall } == true)
    }

    @Test("one that somebody has cancelled is cancelled, not expired")
    func cancelled() throws {
        var bench = StateBench.connected(slots: 1)
        bench.tell(.requested(["a": Cancellation(by: "alice@web1")]))
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, payloads: [payload("a", #""expiry":1600000000.5"#)])))
        let settlement = try #require(bench.next().exchange?.settlements.first)
        #expect(settlement.request == SettledRequest(jid: "a", became: .unstarted))
    }
}
