import Insight
import Testing

@Suite("When a worker holds back for want of memory")
struct PressureGateTests {
    /// A gate that is asked once a second, and what it sees.
    private struct Bench {
        var gate = PressureGate(.init(pressure: 0.1, available: 0.1))
        var seconds = 100.0
        var stalled = 7_000_000

        /// A second passes of which so much was lost waiting for memory.
        @discardableResult
        mutating func second(pressure: Double?, available: Double) -> PressureGate.Change? {
            seconds += 1
            stalled += Int((pressure ?? 0) * 1e6)
            let sight = PressureGate.Sight(
                place: "the host", stalledMicroseconds: pressure == nil ? nil : stalled, total: 1000,
                available: Int(available * 1000))
            return gate.look(at: [sight], seconds: seconds)
        }
    }

    private func isClosed(_ change: PressureGate.Change?) -> Bool { if case .closed = change { true } else { false } }

    @Test("without figures of pressure it opens for a moment each minute, since only work lets idle handlers end")
    func blindForLong() {
        var bench = Bench()
        #expect(isClosed(bench.second(pressure: nil, available: 0.01)))
        for _ in 0..<59 { #expect(bench.second(pressure: nil, available: 0.01) == nil) }
        bench.second(pressure: nil, available: 0.01)
        #expect(bench.gate.hold == nil)
        #expect(isClosed(bench.second(pressure: nil, available: 0.01)))
    }

    @Test("it closes at the first look that finds both pressure and little memory")
    func closes() {
        var bench = Bench()
        bench.second(pressure: 0, available: 0.05)
        #expect(isClosed(bench.second(pressure: 0.3, available: 0.05)))
        #expect(bench.gate.hold?.description == "memory pressure 30 %, 5 % of the memory of the host available")
        #expect(bench.second(pressure: 0.4, available: 0.04) == nil, "it is said once")
        #expect(bench.gate.hold?.pressure == 0.4)
    }

    @Test("either alone is harmless", arguments: [(0.9, 0.2), (0.05, 0.01)])
    func oneAlone(pressure: Double, available: Double) {
        var bench = Bench()
        for _ in 0..<20 { #expect(bench.second(pressure: pressure, available: available) == nil) }
        #expect(bench.gate.hold == nil)
    }

    @Test("what was lost before it began to look is no pressure")
    func history() {
        var bench = Bench()
        bench.stalled = 1 << 50
        #expect(bench.second(pressure: 0, available: 0.01) == nil)
        #expect(bench.second(pressure: 0, available: 0.01) == nil)
    }

    @Test("it opens after some seconds clearly below, and not while it is on the verge")
    func opens() {
        var bench = Bench()
        bench.second(pressure: 0, available: 0.05)
        bench.second(pressure: 0.5, available: 0.05)
        for _ in 0..<30 { #expect(bench.second(pressure: 0.08, available: 0.11) == nil, "on the verge") }
        for _ in 0..<4 { #expect(bench.second(pressure: 0.01, available: 0.05) == nil) }
        bench.second(pressure: 0.2, available: 0.05)
        for _ in 0..<5 { #expect(bench.second(pressure: 0.01, available: 0.05) == nil, "calm begins anew") }
        guard case .opened(_, let seconds) = bench.second(pressure: 0.01, available: 0.05) else {
            Issue.record("it stays closed")
            return
        }
        #expect(seconds == 41)
        #expect(bench.gate.hold == nil)
    }

    @Test("a look that comes late judges the whole time since the last one")
    func lateLook() {
        var bench = Bench()
        bench.second(pressure: 0, available: 0.05)
        bench.seconds += 99
        #expect(bench.second(pressure: 1, available: 0.05) == nil, "one second of a hundred")
    }

    @Test("on a kernel that says nothing of pressure, half of the memory's limit decides alone")
    func blind() {
        var bench = Bench()
        for _ in 0..<5 { #expect(bench.second(pressure: nil, available: 0.06) == nil) }
        #expect(isClosed(bench.second(pressure: nil, available: 0.05)))
        #expect(bench.gate.hold?.description == "memory pressure: 5 % of the memory of the host available")
        for _ in 0..<9 { bench.second(pressure: nil, available: 0.06) }
        #expect(bench.gate.hold != nil, "on the verge")
        for _ in 0..<6 { bench.second(pressure: nil, available: 0.07) }
        #expect(bench.gate.hold == nil)
    }

    @Test("a cgroup that is full closes it though the host has plenty")
    func cgroup() {
        var gate = PressureGate(.init(pressure: 0.1, available: 0.1))
        func look(_ second: Double, stalled: Int) -> PressureGate.Change? {
            gate.look(
                at: [
                    .init(place: "the host", stalledMicroseconds: stalled, total: 1000, available: 900),
                    .init(place: "the cgroup /c", stalledMicroseconds: stalled, total: 100, available: 2),
                ], seconds: second)
        }
        _ = look(1, stalled: 0)
        #expect(look(2, stalled: 0) == nil)
        #expect(isClosed(look(3, stalled: 250_000)))
        #expect(gate.hold?.place == "the cgroup /c")
        #expect(gate.tightest?.available == 2)
    }

    @Test("limits at their ends: 0 % available is off, 0 % pressure with 100 % available is always closed")
    func ends() {
        var off = Bench(gate: PressureGate(.init(pressure: 0, available: 0)))
        for _ in 0..<3 { #expect(off.second(pressure: 1, available: 0) == nil) }
        var shut = Bench(gate: PressureGate(.init(pressure: 0, available: 1)))
        #expect(isClosed(shut.second(pressure: 0, available: 1)))
        for _ in 0..<30 { #expect(shut.second(pressure: 0, available: 1) == nil) }
    }
}
