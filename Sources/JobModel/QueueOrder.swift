/// In which order a set of queues is asked for jobs.
///
/// Strict: the declared order, always. Weighted: a queue's chance to give the next job is its weight among all. Random:
/// the same with equal weights.
package struct QueueOrder: Sendable {
    /// One request to one queue.
    package struct Step: Equatable, Sendable {
        /// Index into `names`.
        package let queue: Int
        /// How many jobs it may give, of those still wanted.
        package let atMost: Int

        package init(queue: Int, atMost: Int) {
            self.queue = queue
            self.atMost = atMost
        }
    }

    /// In declared order, each once.
    package let names: [QueueName]
    /// One for each name, at least 1; empty if the order is strict.
    private let weights: [UInt64]

    /// - Parameter queues: weights that are all 0 ask for strict order; otherwise 0 counts as 1. A name that stands
    ///   there twice gets the sum of its weights, as if its lots were thrown in one after another. Weights above
    ///   1,000,000 count as that.
    package init(_ queues: [(name: QueueName, weight: Int)]) {
        let isStrict = queues.allSatisfy { $0.weight <= 0 }
        var names: [QueueName] = []
        var weights: [UInt64] = []
        for (name, weight) in queues {
            let weight = UInt64(max(1, min(1_000_000, weight)))
            if let known = names.firstIndex(of: name) {
                weights[known] += weight
            } else {
                names.append(name)
                weights.append(weight)
            }
        }
        self.names = names
        self.weights = isStrict ? [] : weights
    }

    /// How to ask for a number of jobs in one fetch. The steps are done in order until all that is wanted was given.
    ///
    /// With weights it first draws a queue for each job wanted and asks for these shares; then it asks every queue for
    /// the whole rest, in a weighted shuffle, because some had less than their share.
    package func steps(wanting wanted: Int, random: inout some RandomNumberGenerator) -> [Step] {
        guard wanted > 0 else { return [] }
        guard !weights.isEmpty, names.count > 1 else { return names.indices.map { Step(queue: $0, atMost: wanted) } }
        let order = shuffle(&random)
        let whole = order.map { Step(queue: $0, atMost: wanted) }
        // A shuffle's first queue is drawn by weight already, so for one job it says everything.
        guard wanted > 1 else { return whole }
        var shares = [Int](repeating: 0, count: names.count)
        for _ in 0..<wanted { shares[draw(from: weights, &random)] += 1 }
        return order.filter { shares[$0] > 0 }.map { Step(queue: $0, atMost: shares[$0]) } + whole
    }

    /// All queues, each place drawn by weight among those left: what shuffling a list with every name `weight` times in
    /// it and then dropping repetitions comes to.
    private func shuffle(_ random: inout some RandomNumberGenerator) -> [Int] {
        var left = weights
        return names.indices.map { _ in
            let queue = draw(from: left, &random)
            left[queue] = 0
            return queue
        }
    }

    /// - Parameter weights: at least one is not 0.
    private func draw(from weights: [UInt64], _ random: inout some RandomNumberGenerator) -> Int {
        var lot = random.next(upperBound: weights.reduce(0, +))
        for (queue, weight) in weights.enumerated() {
            if lot < weight { return queue }
            lot -= weight
        }
        preconditionFailure("a lot is smaller than the sum of the weights")
    }
}
