import Insight
import Testing

@Suite("Whether a queue keeps its promise")
struct QueuePromiseTests {
    @Test("broken is said once, with the wait")
    func broken() {
        var promise = QueuePromise(promised: 60)
        #expect(promise.look(latency: 60, seconds: 0) == nil)
        #expect(promise.look(latency: 60.5, seconds: 2) == .broken(latency: 60.5))
        #expect(promise.look(latency: 75, seconds: 4) == nil)
        #expect(promise.isBroken)
    }

    @Test("kept again is said when it has been for some seconds, with the longest wait; not at every breath")
    func kept() {
        var promise = QueuePromise(promised: 60)
        _ = promise.look(latency: 70, seconds: 0)
        _ = promise.look(latency: 90, seconds: 2)
        #expect(promise.look(latency: 59, seconds: 4) == nil)
        #expect(promise.look(latency: 61, seconds: 6) == nil)
        #expect(promise.look(latency: nil, seconds: 8) == nil)
        #expect(promise.look(latency: 10, seconds: 16) == nil)
        #expect(promise.look(latency: 10, seconds: 18) == .kept(afterSeconds: 18, worst: 90))
        #expect(promise.look(latency: 61, seconds: 20) == .broken(latency: 61))
    }
}
