import JobModel
import Testing

@Suite("In which order queues are asked")
struct QueueOrderTests {
    private func order(_ queues: KeyValuePairs<String, Int>) -> QueueOrder {
        QueueOrder(queues.map { (QueueName(trusted: $0.key), $0.value) })
    }

    /// How many jobs each queue gives when the steps are carried out against so many waiting jobs.
    private func take(_ steps: [QueueOrder.Step], wanting wanted: Int, from waiting: [Int]) -> [Int] {
        var taken = [Int](repeating: 0, count: waiting.count)
        for step in steps {
            let missing = wanted - taken.reduce(0, +)
            taken[step.queue] += min(step.atMost, missing, waiting[step.queue] - taken[step.queue])
        }
        return taken
    }

    @Test("without weights the first queue is emptied before the second is asked")
    func strict() {
        var random = SplitMix64(seed: 1)
        let order = order(["high": 0, "low": 0, "high": 0, "last": 0])
        #expect(order.names.map(\.text) == ["high", "low", "last"])
        #expect(order.steps(wanting: 5, random: &random) == (0...2).map { .init(queue: $0, atMost: 5) })
    }

    @Test("one queue is asked once for everything")
    func single() {
        var random = SplitMix64(seed: 1)
        #expect(order(["only": 3]).steps(wanting: 9, random: &random) == [.init(queue: 0, atMost: 9)])
        #expect(order(["a": 1, "a": 1]).steps(wanting: 9, random: &random) == [.init(queue: 0, atMost: 9)])
    }

    @Test("nothing wanted, or no queue, is nothing asked", arguments: [0, -1])
    func nothing(_ wanted: Int) {
        var random = SplitMix64(seed: 1)
        #expect(order(["a": 2, "b": 1]).steps(wanting: wanted, random: &random).isEmpty)
        #expect(QueueOrder([]).steps(wanting: 1, random: &random).isEmpty)
    }

    @Test(
        "each job comes from a queue with the chance of its weight, however many are fetched at once",
        arguments: [1, 2, 7, 50])
    func weighted(_ wanted: Int) {
        var random = SplitMix64(seed: UInt64(wanted))
        let order = order(["a": 5, "b": 3, "c": 0, "d": 1])  // among weights 0 counts as 1: 5, 3, 1, 1 of 10
        let fetches = 40_000 / wanted
        var taken = [0, 0, 0, 0]
        for _ in 0..<fetches {
            let steps = order.steps(wanting: wanted, random: &random)
            for (queue, count) in take(steps, wanting: wanted, from: [100, 100, 100, 100]).enumerated() {
                taken[queue] += count
            }
        }
        let total = Double(fetches * wanted)
        #expect(taken.reduce(0, +) == fetches * wanted)
        for (share, chance) in zip(taken.map { Double($0) / total }, [0.5, 0.3, 0.1, 0.1]) {
            // Five standard deviations of a binomial share.
            #expect(abs(share - chance) < 5 * (chance * (1 - chance) / total).squareRoot(), "\(share) for \(chance)")
        }
    }

    @Test("equal weights are equal chances")
    func random() {
        var random = SplitMix64(seed: 3)
        let order = order(["a": 1, "b": 1])
        let firsts = (0..<10_000).count { _ in order.steps(wanting: 1, random: &random).first?.queue == 0 }
        #expect(abs(firsts - 5000) < 250)
    }

    @Test("every wanted job is found, whatever queue it waits in", arguments: [1, 3, 10])
    func complete(_ wanted: Int) {
        var random = SplitMix64(seed: 4)
        let order = order(["a": 90, "b": 9, "c": 1])
        for _ in 0..<200 {
            let steps = order.steps(wanting: wanted, random: &random)
            #expect(take(steps, wanting: wanted, from: [0, 0, 100]) == [0, 0, wanted])
            #expect(take(steps, wanting: wanted, from: [0, 100, 0]) == [0, wanted, 0])
            #expect(take(steps, wanting: wanted, from: [1, 0, 100]).reduce(0, +) == wanted)
            #expect(steps.allSatisfy { (1...wanted).contains($0.atMost) })
        }
    }

    @Test("a queue named twice has the sum of its weights, and absurd weights are bounded")
    func sums() {
        var random = SplitMix64(seed: 5)
        let doubled = order(["a": 1, "b": 1, "a": 2])
        let firsts = (0..<10_000).count { _ in doubled.steps(wanting: 1, random: &random).first?.queue == 0 }
        #expect(abs(firsts - 7500) < 250)
        #expect(order(["a": .max, "b": .max, "a": .max]).steps(wanting: 2, random: &random).isEmpty == false)
    }
}
