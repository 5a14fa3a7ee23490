import Platform
import Testing

@testable import Handlers

@Suite("Which runs are measured")
struct SamplingTests {
    private func time(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }

    @Test("up to the limit every run is")
    func all() {
        var sampling = Sampling(perSecond: 1000, sample: 1000, seed: 1)
        #expect((0..<5000).allSatisfy { sampling.takes(at: time(Double($0) / 990)) })
    }

    @Test("beyond the limit as many as it says")
    func limit() {
        var sampling = Sampling(perSecond: 1000, sample: 1000, seed: 2)
        for index in 0..<20_000 { _ = sampling.takes(at: time(Double(index) / 20_000)) }
        let taken = (20_000..<120_000).count { sampling.takes(at: time(Double($0) / 20_000)) }
        #expect(taken > 4600 && taken < 5400, "\(taken) in 5 s")
    }

    @Test("beyond the limit the sample may be smaller than the limit")
    func smaller() {
        var sampling = Sampling(perSecond: 1000, sample: 200, seed: 6)
        for index in 0..<20_000 { _ = sampling.takes(at: time(Double(index) / 20_000)) }
        let taken = (20_000..<120_000).count { sampling.takes(at: time(Double($0) / 20_000)) }
        #expect(taken > 850 && taken < 1150, "\(taken) in 5 s")
    }

    @Test("the first runs of a burst are no more likely to be taken than its last")
    func bursts() {
        var sampling = Sampling(perSecond: 1000, sample: 1000, seed: 3)
        var first = 0
        var last = 0
        // Each half second 5000 runs at once, then nothing.
        for burst in 0..<200 {
            for index in 0..<5000 {
                let isTaken = sampling.takes(at: time(Double(burst) * 0.5 + Double(index) * 0.00001))
                guard burst >= 2 else { continue }
                if index < 1000 { first += isTaken ? 1 : 0 }
                if index >= 4000 { last += isTaken ? 1 : 0 }
            }
        }
        // Of 198,000 each one in 100 is taken, about 1980; their deviation is 44.
        #expect(abs(first - last) < 300, "\(first) at the beginning, \(last) at the end")
        #expect(first > 1700)
    }

    @Test("long runs among short ones are taken in the same proportion")
    func lengths() {
        var sampling = Sampling(perSecond: 1000, sample: 1000, seed: 4)
        var taken = (long: 0, short: 0)
        // One process that does a run of 2 ms and then 40 of 50 us, again and again; 10,000 runs a second.
        var now = 0.0
        for index in 0..<500_000 {
            let isLong = index % 41 == 0
            if sampling.takes(at: time(now)) { if isLong { taken.long += 1 } else { taken.short += 1 } }
            now += isLong ? 0.002 : 0.00005
        }
        let ratio = Double(taken.short) / Double(taken.long)
        #expect(ratio > 35 && ratio < 46, "40 in truth, \(ratio) found")
    }

    @Test("after a quiet time all are taken again")
    func recovery() {
        var sampling = Sampling(perSecond: 1000, sample: 1000, seed: 5)
        for index in 0..<50_000 { _ = sampling.takes(at: time(Double(index) / 50_000)) }
        #expect(sampling.share < 0.1)
        #expect((0..<100).allSatisfy { sampling.takes(at: time(3 + Double($0) / 100)) })
    }
}
