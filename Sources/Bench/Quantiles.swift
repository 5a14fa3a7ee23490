extension Array where Element == Double {
    /// The value that `share` (0 to 1) of the values are not above; nil of none.
    func quantile(_ share: Double) -> Double? {
        guard !isEmpty else { return nil }
        return sorted()[Swift.min(Int(Double(count) * share), count - 1)]
    }

    /// The middle value, or the mean of the two in the middle; nil of none.
    var median: Double? {
        guard !isEmpty else { return nil }
        let ordered = sorted()
        return (ordered[(count - 1) / 2] + ordered[count / 2]) / 2
    }
}
