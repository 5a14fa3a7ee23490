/// A digest of a job's arguments: FNV-1a of 64 bits over their bytes, as 16 hexadecimal digits. It tells runs apart, and
/// finds out nothing.
package enum ArgumentsDigest {
    package static func text(of bytes: some Sequence<UInt8>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
