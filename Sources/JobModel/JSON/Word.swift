/// Eight bytes looked at together, as one 64-bit number.
///
/// The tests answer with a mask whose *lowest* set bit is exact: it lies in the first byte that qualifies. Bits above
/// it may be set falsely, because a subtraction borrows from its neighbour (Warren, Hacker's Delight, 6-1).
struct Word {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    let bits: UInt64

    /// Reads the bytes `offset..<offset + 8`, which must exist; they need no alignment.
    @inline(__always)
    init(_ base: UnsafeRawPointer, _ offset: Int) {
        bits = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    func bytes(equalTo byte: UInt8) -> UInt64 {
        let difference = bits ^ (Self.ones &* UInt64(byte))
        return (difference &- Self.ones) & ~difference & Self.highs
    }

    /// - Parameter limit: at most 0x80.
    @inline(__always)
    func bytesBelow(_ limit: UInt8) -> UInt64 { (bits &- Self.ones &* UInt64(limit)) & ~bits & Self.highs }

    @inline(__always)
    var bytesBeyondASCII: UInt64 { bits & Self.highs }

    /// The first byte a mask names, 0 to 7; the mask must not be empty.
    @inline(__always)
    static func firstIndex(in mask: UInt64) -> Int { mask.trailingZeroBitCount &>> 3 }
}
