internal import CHiredis

/// hiredis' incremental parser: bytes go in as they come, whole replies come out.
///
/// It refuses bulks above 512 MB and arrays nested deeper than seven.
struct ReplyReader: ~Copyable {
    private let raw: UnsafeMutablePointer<redisReader>

    init() {
        guard let raw = redisReaderCreate() else { preconditionFailure("memory for a redisReader") }
        self.raw = raw
    }

    deinit { redisReaderFree(raw) }

    func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        let start = bytes.bindMemory(to: CChar.self).baseAddress
        guard redisReaderFeed(raw, start, bytes.count) == REDIS_OK else { throw fault() }
    }

    /// - Returns: nil until the next reply is complete.
    func next() throws(RedisError) -> RedisReply? {
        var found: UnsafeMutableRawPointer?
        guard redisReaderGetReply(raw, &found) == REDIS_OK else { throw fault() }
        guard let found else { return nil }
        defer { freeReplyObject(found) }
        return RedisReply(copying: found.assumingMemoryBound(to: redisReply.self))
    }

    private func fault() -> RedisError {
        let reason = withUnsafePointer(to: &raw.pointee.errstr) {
            $0.withMemoryRebound(to: CChar.self, capacity: 128) { String(cString: $0) }
        }
        return .lost("the server does not speak Redis' protocol: \(reason)")
    }
}
