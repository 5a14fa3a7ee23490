import Platform
import Testing

@testable import Handlers

@Suite("A preloader may say a little that is not known")
struct ForkSurplusTests {
    @Test("so much in ten seconds, and as much in the next")
    func window() throws {
        var surplus = ForkSurplus()
        var now = MonotonicTime(nanoseconds: 0)
        for _ in 0..<3 {
            for _ in 0..<ForkSurplus.most { try surplus.add(at: now) }
            now = now.advanced(bySeconds: ForkSurplus.seconds)
        }
        for _ in 0..<ForkSurplus.most { try surplus.add(at: now) }
        #expect(throws: ProtocolViolation.self) { try surplus.add(at: now) }
    }
}
