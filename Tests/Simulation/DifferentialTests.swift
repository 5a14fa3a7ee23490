import JobModel
import Platform
import Redis
import TestSupport
import Testing

@testable import Queueing

/// The model of Redis beside Redis: random sequences of operations on both, their answers and all keys compared after each.
@Suite("The simulated store")
struct DifferentialTests {
    @Test("does what the scripts do", arguments: 1...20)
    func sameAsScripts(seed: UInt64) throws {
        try withRedis { server in
            let pair = try StorePair(server.connect(scripts: Scripts.all), seed: seed)
            for step in 1...150 {
                let operation = try pair.step()
                let (real, model) = (try pair.dumpRedis(), pair.dumpModel())
                #expect(real == model, "after step \(step), \(operation)")
                if real != model { return }
            }
        }
    }
}
