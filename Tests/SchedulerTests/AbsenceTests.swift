import Platform
import Scheduler
import Testing

@Suite("Whether a lease that is over proves anything after Redis was away")
struct AbsenceTests {
    private func time(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: 0).advanced(bySeconds: seconds) }

    /// Whether workers need time to come back after each of some absences.
    private func needsTime(_ absences: (from: Double, to: Double)...) -> [Bool] {
        var found = Absences()
        _ = found.ended(at: time(0))
        return absences.map { absence in
            found.began(at: time(absence.from))
            return found.ended(at: time(absence.to))
        }
    }

    @Test("at the start it proves nothing yet: Redis may have been away before")
    func start() {
        var found = Absences()
        let (first, second) = (found.ended(at: time(100)), found.ended(at: time(100)))
        #expect(first)
        #expect(!second)
    }

    @Test("an outage puts the judgement off, a connection that breaks does not, however often it does")
    func breaks() {
        #expect(needsTime((100, 104)) == [true])
        #expect(needsTime((100, 100.2), (101, 101.2), (102, 102.2), (110, 110.5)) == [false, false, false, false])
    }

    @Test("short outages add up within the length of a lease, and are forgotten after it")
    func sums() {
        #expect(needsTime((100, 102), (103, 105)) == [false, true])
        #expect(needsTime((100, 102), (122.5, 124.5)) == [false, false])
        #expect(needsTime((100, 104), (123, 123.5)) == [true, false], "half a second of the first is within")
    }

    @Test("an outage lasts from the first question without an answer to the last failure")
    func whole() {
        var found = Absences()
        _ = found.ended(at: time(0))
        found.began(at: time(100))
        found.began(at: time(102))
        let needsTime = found.ended(at: time(103.5))
        #expect(needsTime)
    }
}
