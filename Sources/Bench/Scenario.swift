/// One line of the table: something to measure, and what bounds it.
struct Scenario {
    enum Limit {
        /// Jobs per second, or for latencies the median, of another scenario in the same repetition.
        case scenario(String)
        /// Jobs per second that could not be surpassed.
        case ideal(Double)
    }

    let name: String
    let limit: Limit?
    let measure: (Rig) throws -> Sample

    init(_ name: String, limit: Limit? = nil, measure: @escaping (Rig) throws -> Sample) {
        self.name = name
        self.limit = limit
        self.measure = measure
    }
}
