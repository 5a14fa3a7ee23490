/// Shares as the configuration writes them: `10%`, `2.5%`.
enum ShareText {
    /// Reads a share of 1.
    static func share(_ text: String) throws(Mistake) -> Double {
        guard text.hasSuffix("%") else { throw Mistake("must be a percentage such as 10%, not \(quoted(text))") }
        let (number, unit) = try Quantity.split(String(text.dropLast()), expecting: "a percentage such as 10%")
        guard unit.isEmpty else { throw Mistake("must be a percentage such as 10%, not \(quoted(text))") }
        return number / 100
    }

    /// 0.1 is `10%`.
    static func text(share: Double) -> String {
        let percent = share * 100
        return percent.rounded() == percent ? "\(Int(percent))%" : "\(percent)%"
    }
}
