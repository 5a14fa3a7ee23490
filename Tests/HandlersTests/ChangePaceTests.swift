import Platform
import Testing

@testable import Handlers

@Suite("Files that change again and again are looked at ever more seldom")
struct ChangePaceTests {
    @Test("after some changes in a row the pause doubles to ten minutes, which is said once")
    func row() {
        var pace = ChangePace(seconds: 2)
        var (now, pauses, said) = (MonotonicTime(nanoseconds: 0), [Double](), 0)
        for _ in 0..<18 {
            if pace.changed(at: now) { said += 1 }
            pauses.append(pace.pause)
            now = now.advanced(bySeconds: 2 * pace.pause)
        }
        #expect(pauses == [2, 2, 2, 2, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600, 600])
        #expect(said == 1)
        let isSaid = pace.changed(at: now.advanced(bySeconds: 3600))
        #expect(!isSaid)
        #expect(pace.pause == 2, "they were left alone for a while")
    }

    @Test("changes now and then are not slowed down")
    func seldom() {
        var pace = ChangePace(seconds: 0.2)
        for second in 0..<100 {
            let isSaid = pace.changed(at: MonotonicTime(nanoseconds: Int64(second) * 5_000_000_000))
            #expect(!isSaid)
        }
        #expect(pace.pause == 0.2)
    }
}
