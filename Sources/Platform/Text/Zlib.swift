import CZlib

/// The zlib format, RFC 1950.
package enum Zlib {
    /// Compresses at the default level. An empty input makes a valid stream too.
    package static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var length = compressBound(uLong(bytes.count))
        return [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, filled in
            let result = CZlib.compress(buffer.baseAddress, &length, bytes, uLong(bytes.count))
            // Only memory can be wanting: the room is what compressBound asks for.
            precondition(result == Z_OK, "zlib finds 256 KiB of memory")
            filled = Int(length)
        }
    }
}
