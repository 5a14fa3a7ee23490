import TestSupport
import Testing

@Suite("The order of queues")
struct QueueOrderTests {
    static func configuration(_ queues: String) -> String {
        """
        concurrency: 2
        timeout: 5
        queues: \(queues)
        handlers:
          quick: { command: [\(QuickHandler.path), "1"], classes: ["*"], mode: serve }
        """
    }

    /// Fills both queues before anything runs, then tells in which order jobs ended.
    private func order(_ queues: String, each count: Int) throws -> [String] {
        var done: [String] = []
        try Scene.run(Self.configuration(queues), starting: false) { scene in
            for queue in ["low", "high"] {
                let payloads = (0..<count).map { Jobs.payload("Job", "\(queue)\($0)", queue: queue) }
                try scene.jobs.push(payloads.map { Array($0.utf8) }, to: queue)
            }
            scene.daemon.start()
            eventually(within: 60, "all jobs are done") { scene.done.count == 2 * count }
            try scene.finish()
            done = scene.done
        }
        return done
    }

    @Test("names alone: an earlier queue is emptied first")
    func strict() throws {
        let done = try order("[high, low]", each: 200)
        // Two slots run side by side, so that neighbours may change places.
        #expect(done.prefix(199).allSatisfy { $0.hasPrefix("high") })
    }

    @Test("weights: a queue is served in proportion, and the other one does not starve")
    func weighted() throws {
        let done = try order("[high: 9, low: 1]", each: 400)
        let share = done.prefix(300).count { $0.hasPrefix("high") }
        // 270 of 300 are expected; 3 standard deviations are 16.
        #expect((240...297).contains(share), "\(share) of the first 300 are of weight 9")
    }

    @Test("within a queue the oldest comes first")
    func fifo() throws {
        let done = try order("[high, low]", each: 100).filter { $0.hasPrefix("high") }
        let numbers = done.compactMap { Int($0.dropFirst(4)) }
        // Two slots: one may be overtaken by some jobs of the other while the machine does something else.
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 + 20 }, "\(numbers)")
    }

    @Test("queues that are not in the configuration are left alone")
    func others() throws {
        try Scene.run(Self.configuration("[high]")) { scene in
            try scene.jobs.push(Jobs.payload("Job", "other"), queue: "other")
            try scene.jobs.push(Jobs.payload("Job", "ours"), queue: "high")
            eventually(within: 30, "ours is done") { scene.done == ["ours"] }
            try scene.finish(leaving: ["queue:other"])
            #expect(scene.done == ["ours"])
        }
    }
}
