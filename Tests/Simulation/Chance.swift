import Worker

/// All randomness of one run: the seed decides everything.
struct Chance {
    private var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        // Neighbouring seeds begin with numbers that differ in every bit.
        _ = generator.next()
    }

    mutating func seed() -> UInt64 { generator.next() }

    /// From 0 to below 1.
    mutating func unit() -> Double { Double(generator.next() >> 11) * 0x1p-53 }

    mutating func happens(_ probability: Double) -> Bool { unit() < probability }

    mutating func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

    /// Spread evenly over orders of magnitude.
    mutating func scale(_ low: Double, _ high: Double) -> Double {
        low * Self.power(high / low, unit())
    }

    mutating func integer(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(generator.next() % UInt64(range.count))
    }

    mutating func one<Element>(of elements: [Element]) -> Element { elements[integer(0...elements.count - 1)] }

    /// base to the power of a number from 0 to 1, by halving: without libm, whose last digit differs between machines.
    private static func power(_ base: Double, _ exponent: Double) -> Double {
        var (result, root, left) = (1.0, base, exponent)
        for _ in 0..<20 {
            root = root.squareRoot()
            left *= 2
            if left >= 1 {
                result *= root
                left -= 1
            }
        }
        return result
    }
}
