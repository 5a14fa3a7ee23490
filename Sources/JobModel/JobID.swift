/// Identifiers of jobs.
package enum JobID {
    /// Longest one accepted from a payload, in bytes; our own and Sidekiq's have 24.
    package static let longest = 512

    /// A job's identifier: 24 lower-case hexadecimal digits, the 96 bits Sidekiq uses.
    ///
    /// - Parameter random: drawn by the caller from a good generator; all of the first and the lower half of the second
    ///   count.
    package static func make(random: (UInt64, UInt64)) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(24)
        for shift in stride(from: 60, through: 0, by: -4) {
            digits.append(JSONText.hexDigit(UInt8(random.0 >> UInt64(shift) & 15)))
        }
        for shift in stride(from: 28, through: 0, by: -4) {
            digits.append(JSONText.hexDigit(UInt8(random.1 >> UInt64(shift) & 15)))
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
