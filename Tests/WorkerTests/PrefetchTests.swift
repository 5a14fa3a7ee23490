import Platform
import Testing

@testable import Worker

@Suite("How many jobs a worker holds beyond its free slots")
struct PrefetchTests {
    /// After two seconds in which so many jobs ended each second, and exchanges took so long.
    private func depth(slots: Int = 10, jobsPerSecond: Int, roundTrip: Double) -> Int {
        func time(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }
        var prefetch = Prefetch(slots: slots, now: time(0))
        for step in 1...100 {
            for _ in 0..<jobsPerSecond / 50 { prefetch.finishedOne() }
            prefetch.answered(after: roundTrip)
            _ = prefetch.depth(now: time(Double(step) / 50))
        }
        return prefetch.depth(now: time(2))
    }

    @Test("none with long jobs: no job waits behind them while another process is idle")
    func longJobs() {
        #expect(depth(jobsPerSecond: 50, roundTrip: 0.0002) == 0)
        #expect(depth(slots: 1000, jobsPerSecond: 50, roundTrip: 0.010) == 0)
    }

    @Test("what starts within two round trips and 2 ms, so that slots need not wait for a distant Redis")
    func distance() {
        #expect((22...24).contains(depth(jobsPerSecond: 10_000, roundTrip: 0.0002)))
        #expect((38...40).contains(depth(jobsPerSecond: 10_000, roundTrip: 0.001)))
    }

    @Test("some fifty at a time though a thousand slots are free, and more where an answer takes long")
    func batch() {
        func batch(roundTrip: Double) -> Int {
            var prefetch = Prefetch(slots: 1000, now: MonotonicTime(nanoseconds: 0))
            for _ in 1...100 { prefetch.answered(after: roundTrip) }
            return prefetch.batch
        }
        #expect(batch(roundTrip: 0.0002) == 50)
        #expect((490...500).contains(batch(roundTrip: 0.010)))
    }

    @Test("never more than starts within 10 ms, nor than ten for each slot")
    func limits() {
        #expect((98...100).contains(depth(slots: 100, jobsPerSecond: 10_000, roundTrip: 3)))
        #expect(depth(jobsPerSecond: 50_000, roundTrip: 0.001) == 100)
    }
}
