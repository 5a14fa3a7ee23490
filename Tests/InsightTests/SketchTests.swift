import Testing

@testable import Insight

@Suite("A sketch")
struct SketchTests {
    @Test(
        "knows every quantile to 6 %, over all sizes",
        arguments: [1, 3, 15, 16, 17, 250, 4_097, 1_000_003, 86_400_000_000])
    func precision(value: Int) {
        var sketch = Sketch()
        sketch.add(value)
        let found = sketch.quantile(0.5) ?? -1
        #expect(abs(Double(found - value)) <= 0.0626 * Double(value), "\(value) is found as \(found)")
    }

    @Test("has buckets that follow one upon another without a gap")
    func order() {
        var last = -1
        for exponent in 0..<46 {
            for eighth in 8..<16 {
                let bucket = Sketch.bucket(of: eighth << exponent)
                #expect(bucket == last + 1 || exponent == 0)
                last = bucket
            }
        }
        #expect(Sketch.bucket(of: -5) == 0)
        #expect(Sketch.bucket(of: .max) == Sketch.lastBucket)
    }

    @Test("of all is the sum of those of some")
    func merge() {
        var (all, some, others) = (Sketch(), Sketch(), Sketch())
        for value in 0..<1_000 {
            all.add(value * value)
            if value % 3 == 0 { some.add(value * value) } else { others.add(value * value) }
        }
        some.merge(others)
        #expect(some == all)
        #expect(all.quantile(0) == 0)
        let median = all.quantile(0.5) ?? 0
        #expect((230_000...265_000).contains(median))
    }
}
