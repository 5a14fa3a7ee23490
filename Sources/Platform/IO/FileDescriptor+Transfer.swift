import Glibc

extension FileDescriptor {
    /// One read(2). An empty buffer is the caller's mistake: its answer could not be told from the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        precondition(!buffer.isEmpty, "reading needs room")
        while true {
            let count = Glibc.read(raw, buffer.baseAddress, buffer.count)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            if errno != EINTR { return Self.failure(errno) }
        }
    }

    /// One write(2), which may take a part only.
    package func write(_ bytes: UnsafeRawBufferPointer) -> IOResult {
        while true {
            let count = Glibc.write(raw, bytes.baseAddress, bytes.count)
            if count >= 0 { return .bytes(count) }
            if errno != EINTR { return Self.failure(errno) }
        }
    }

    /// Writes everything to a blocking descriptor.
    ///
    /// - Returns: nil, or the errno that ended it; EAGAIN if the descriptor is non-blocking and full.
    package func writeAll(_ bytes: UnsafeRawBufferPointer) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch write(UnsafeRawBufferPointer(rebasing: rest)) {
            case .bytes(let count): rest = rest.dropFirst(count)
            case .wouldBlock: return EAGAIN
            case .end: return EIO
            case .failed(let code): return code
            }
        }
        return nil
    }

    /// Reads a blocking descriptor to its end.
    package func readAll() throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var piece: IOResult = .end
            // 64 KiB is what a pipe holds.
            let part = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, filled in
                piece = read(into: UnsafeMutableRawBufferPointer(buffer))
                if case .bytes(let count) = piece { filled = count }
            }
            switch piece {
            case .bytes: bytes += part
            case .end: return bytes
            case .wouldBlock: throw SystemError(code: EAGAIN, doing: "read descriptor \(raw) to its end")
            case .failed(let code): throw SystemError(code: code, doing: "read descriptor \(raw) to its end")
            }
        }
    }

    private static func failure(_ code: Int32) -> IOResult { code == EAGAIN ? .wouldBlock : .failed(code) }
}
