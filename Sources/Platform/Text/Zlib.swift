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

    /// Unfolds one stream.
    ///
    /// - Returns: nil if it is none, is cut off, or unfolds to more than so many bytes.
    package static func decompress(_ bytes: [UInt8], atMost most: Int) -> [UInt8]? {
        // A text of a hundred bytes may unfold to megabytes: room is made as it is needed.
        var room = min(most, max(1024, bytes.count * 8))
        while true {
            var length = uLong(room)
            var result = Z_OK
            let output = [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
                result = CZlib.uncompress(buffer.baseAddress, &length, bytes, uLong(bytes.count))
                filled = result == Z_OK ? Int(length) : 0
            }
            if result == Z_OK { return output }
            guard result == Z_BUF_ERROR, room < most else { return nil }
            room = min(most, room * 4)
        }
    }
}
