/// A wall-clock instant in whole milliseconds since the epoch, as current Sidekiq writes them.
package struct Timestamp: Comparable, Hashable, Sendable {
    /// Farthest from the epoch an instant can be: what a double holds exactly, some 285,000 years. Payloads can name
    /// any number; with this bound sums of two instants cannot overflow.
    static let bound: Int64 = (1 << 53) - 1

    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// - Parameter seconds: since the epoch; rounded to the nearest millisecond, kept within ± 2⁵³ ms. NaN is the
    ///   epoch.
    package init(seconds: Double) {
        let limit = Double(Self.bound)
        let milliseconds = seconds.isNaN ? 0 : (seconds * 1000).rounded()
        self.milliseconds = Int64(max(-limit, min(limit, milliseconds)))
    }

    /// Since the epoch, as scores of sorted sets are written.
    package var seconds: Double { Double(milliseconds) / 1000 }

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}

// MARK: - As written into payloads

extension Timestamp {
    /// A number that readers of that version take for this instant. They tell by the fraction: whole milliseconds never have
    /// one, and seconds always do, as Ruby prints them.
    package func literal(as major: SidekiqMajor) -> String {
        switch major {
        case .eight: "\(milliseconds)"
        case .seven: "\(seconds)"
        }
    }
}

// MARK: - As found in payloads

extension Timestamp {
    /// Integers from here on are milliseconds, smaller ones seconds: 10¹¹ is the year 5138 in seconds, 1973 in
    /// milliseconds.
    private static let smallestMilliseconds: Int64 = 100_000_000_000

    /// Reads a number's literal. A fraction or an exponent means seconds, as Sidekiq before 8 wrote them; so does an
    /// integer below 10¹¹, as some foreign clients write them; any other integer is milliseconds.
    ///
    /// - Parameter literal: a JSON number. Nil if it is not one.
    init?(literal: String) {
        let isNumeric = literal.utf8.allSatisfy {
            $0 &- 0x30 < 10
                || [UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")]
                    .contains($0)
        }
        guard isNumeric, let value = Double(literal) else { return nil }
        guard let integer = Int64(literal) else {
            // A fraction, an exponent, or an integer too long for 64 bits, which only milliseconds can be.
            let isInteger = literal.utf8.dropFirst().allSatisfy { $0 &- 0x30 < 10 }
            self.init(seconds: isInteger ? value / 1000 : value)
            return
        }
        let isSeconds = integer.magnitude < Self.smallestMilliseconds.magnitude
        self.init(milliseconds: isSeconds ? integer * 1000 : max(-Self.bound, min(Self.bound, integer)))
    }

    /// Reads a text: a number as above, or a date and time of ISO 8601. Nil if it is neither.
    package init?(text: String) {
        if let number = Timestamp(literal: text) {
            self = number
        } else if let instant = CalendarText.instant(text) {
            self = instant
        } else {
            return nil
        }
    }
}

extension JSONObject {
    /// A member that names an instant, in any style producers use; nil if it is absent or names none.
    package func timestamp(_ name: String) -> Timestamp? {
        guard let member = member(name) else { return nil }
        switch member.kind {
        case .number: return Timestamp(literal: String(decoding: raw(member), as: UTF8.self))
        case .string: return Timestamp(text: string(at: member.value))
        case .object, .array, .true, .false, .null: return nil
        }
    }
}
