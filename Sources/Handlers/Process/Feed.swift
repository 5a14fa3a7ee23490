import Platform

/// Bytes on their way into a pipe that may be full.
struct Feed {
    enum Progress {
        case done
        /// The pipe is full: go on when it is writable.
        case blocked
        /// Nobody reads it any more.
        case refused
    }

    private var bytes: [UInt8] = []
    private var start = 0
    /// Bytes ever added and bytes ever taken by the pipe: the difference is what waits.
    private(set) var added = 0
    private(set) var written = 0

    var isEmpty: Bool { start == bytes.count }

    /// Lets a caller append in place.
    mutating func add(_ append: (inout [UInt8]) -> Void) {
        let before = bytes.count
        append(&bytes)
        added += bytes.count - before
    }

    /// - Parameter write: one non-blocking write(2).
    mutating func flush(_ write: (UnsafeRawBufferPointer) -> IOResult) -> Progress {
        while start < bytes.count {
            let result = bytes.withUnsafeBytes { write(UnsafeRawBufferPointer(rebasing: $0[start...])) }
            switch result {
            case .bytes(let count):
                start += count
                written += count
            case .wouldBlock:
                return .blocked
            case .end, .failed:
                return .refused
            }
        }
        start = 0
        // A buffer that grew for one large payload is not kept for the small ones that follow.
        bytes.removeAll(keepingCapacity: bytes.capacity <= 64 << 10)
        return .done
    }
}
