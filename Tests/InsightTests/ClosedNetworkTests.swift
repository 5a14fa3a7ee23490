import Testing

@testable import Insight

@Suite("What so many slots get done")
struct ClosedNetworkTests {
    private static let shares = [0, 0.5, 0.75, 0.9, 0.97]

    private static func network(_ share: Double, cores: Double, threads: Int = 1) -> ClosedNetwork {
        ClosedNetwork(cores: cores, cpuSeconds: 0.1 * (1 - share), ioSeconds: 0.1 * share, threads: threads)
    }

    private static func isClose(_ left: Double, _ right: Double, within share: Double = 1e-9) -> Bool {
        abs(left - right) <= share * abs(right)
    }

    @Test("one slot does one job after the other, and without I/O as many as cores compute")
    func corners() {
        for share in Self.shares { #expect(Self.isClose(Self.network(share, cores: 4).throughput(1), 10)) }
        let computing = Self.network(0, cores: 4)
        #expect(
            (0...8).map { Self.isClose(computing.throughput($0), Double(min($0, 4)) * 10) }
                == .init(repeating: true, count: 9))
        let waiting = ClosedNetwork(cores: 1, cpuSeconds: 0, ioSeconds: 0.5)
        #expect(waiting.throughput(50) == 100 && !waiting.limit.isFinite)
        #expect(ClosedNetwork(cores: 0, cpuSeconds: -1, ioSeconds: .infinity).throughput(3) == 0)
    }

    @Test("on one core the answer is that of mean value analysis", arguments: shares.dropFirst())
    func meanValues(share: Double) {
        let network = Self.network(share, cores: 1)
        var (queue, throughput) = (0.0, 0.0)
        for slots in 1...200 {
            let response = network.cpuSeconds * (1 + queue)
            throughput = Double(slots) / (network.ioSeconds + response)
            queue = throughput * response
            #expect(Self.isClose(network.throughput(slots), throughput, within: 1e-6), "\(slots) slots")
        }
    }

    @Test(
        "more slots never do less, and no number passes what cores and time allow", arguments: shares,
        [1.0, 1.5, 2, 16])
    func bounds(share: Double, cores: Double) {
        let network = Self.network(share, cores: cores)
        var last = 0.0
        for slots in 1...1500 {
            let now = network.throughput(slots)
            #expect(now >= last * (1 - 1e-9))
            #expect(now <= min(Double(slots) * 10, network.limit) * (1 + 1e-9))
            last = now
        }
        #expect(Self.isClose(last, network.limit, within: 0.01))
    }

    @Test("threads of a process that take turns at computing do no more than one core each process")
    func globalLock() {
        let network = Self.network(0.5, cores: 16, threads: 10)
        #expect(Self.isClose(network.throughput(10), 20, within: 0.01))
        #expect(Self.isClose(network.throughput(40), 80, within: 0.01))
        #expect(network.throughput(40) < Self.network(0.5, cores: 16).throughput(40) / 2)
    }

    @Test(
        "jobs played one by one get as much done as the model says, and the advised number is within 5 % of the best",
        arguments: shares, [1, 2, 4, 16])
    func played(share: Double, cores: Int) {
        let network = Self.network(share, cores: Double(cores))
        var advised = network
        advised.cpuSeconds *= SlotAnswer.margin
        let slots = advised.leastSlots(for: SlotAnswer.enough, most: 1000)
        var best = 0.0
        for count in Set([1, 2, 5, 10, 25, 50, 100, 128]).union([cores]) {
            let played = Play(network, slots: count, cores: cores).throughput
            #expect(Self.isClose(network.throughput(count), played, within: 0.05), "\(count) slots: \(played)/s")
            best = max(best, played)
        }
        #expect(Play(network, slots: slots, cores: cores).throughput >= 0.95 * best, "\(slots) slots")
        #expect(slots <= Int(2 * network.perfectSlots) + 6, "\(slots) slots")
    }
}

/// Jobs that compute and wait for times drawn at random, on cores that are shared in turns.
private struct Play {
    let throughput: Double

    init(_ network: ClosedNetwork, slots: Int, cores: Int) {
        var state: UInt64 = 42
        /// Evenly between nothing and twice the mean.
        func draw(_ mean: Double) -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return 2 * mean * Double(state >> 11) / Double(1 << 53)
        }
        var computing: [Double] = []  // what is left to do
        var waiting = (0..<slots).map { _ in draw(network.ioSeconds) }  // until when
        var (now, done) = (0.0, 0)
        var (from, at) = (0, 0.0)
        let total = 3000 + 20 * slots
        while done < total {
            let speed = computing.isEmpty ? 0 : min(1, Double(cores) / Double(computing.count))
            let finish = computing.min().map { now + $0 / speed } ?? .infinity
            let wake = waiting.min() ?? .infinity
            let next = min(finish, wake)
            for index in computing.indices { computing[index] -= (next - now) * speed }
            now = next
            if wake <= finish {
                waiting.remove(at: waiting.firstIndex(of: wake) ?? 0)
                computing.append(draw(network.cpuSeconds))
            } else {
                let least = computing.indices.min { computing[$0] < computing[$1] } ?? 0
                computing.remove(at: least)
                waiting.append(now + draw(network.ioSeconds))
                done += 1
                // The beginning, when all come at once, does not count.
                if done == 10 * slots { (from, at) = (done, now) }
            }
        }
        throughput = Double(done - from) / (now - at)
    }
}
