internal import CHiredis

/// hiredis' incremental parser: bytes go in as they come, whole replies come out.
///
/// It refuses arrays nested deeper than seven, arrays of more than `mostElements`, and a reply that has not come to its end
/// after `mostBytes`: a server that lies about lengths must not take our memory.
struct ReplyReader: ~Copyable {
    /// As much as Redis itself takes in one command; the largest array we ask for has some thousands.
    static let mostElements = 1 << 20
    /// The longest string Redis keeps, and what may stand around it.
    static let mostBytes = (512 << 20) + (64 << 10)

    private let raw: UnsafeMutablePointer<redisReader>
    private let mostBytes: Int
    /// Bytes that came since the last whole reply.
    private var unfinished = 0

    init(mostBytes: Int = ReplyReader.mostBytes) {
        guard let raw = redisReaderCreateWithFunctions(ReplyBuilder.shared.functions) else {
            preconditionFailure("memory for a redisReader")
        }
        self.raw = raw
        self.mostBytes = mostBytes
    }

    deinit { redisReaderFree(raw) }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        unfinished += bytes.count
        guard unfinished <= mostBytes else {
            throw .lost("an answer of more than \(mostBytes) bytes is none that was asked for")
        }
        let start = bytes.bindMemory(to: CChar.self).baseAddress
        guard redisReaderFeed(raw, start, bytes.count) == REDIS_OK else { throw fault() }
    }

    /// - Returns: nil until the next reply is complete.
    mutating func next() throws(RedisError) -> RedisReply? {
        var found: UnsafeMutableRawPointer?
        guard redisReaderGetReply(raw, &found) == REDIS_OK else { throw fault() }
        guard let found else { return nil }
        unfinished = raw.pointee.len - raw.pointee.pos
        defer { freeReplyObject(found) }
        return RedisReply(copying: found.assumingMemoryBound(to: redisReply.self))
    }

    private func fault() -> RedisError {
        guard raw.pointee.err != REDIS_ERR_OOM else {
            return .lost("the server announces an answer beyond all bounds")
        }
        let reason = withUnsafePointer(to: &raw.pointee.errstr) {
            $0.withMemoryRebound(to: CChar.self, capacity: 128) { String(cString: $0) }
        }
        return .lost("the server does not speak Redis' protocol: \(reason)")
    }
}

/// How hiredis builds replies, but for the bound on arrays: it sets room aside for as many elements as are announced.
private struct ReplyBuilder: @unchecked Sendable {
    static let shared = ReplyBuilder()

    /// Never freed, never written after `init`.
    let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let standard: redisReplyObjectFunctions

    private init() {
        guard let reader = redisReaderCreate() else { preconditionFailure("memory for a redisReader") }
        defer { redisReaderFree(reader) }
        standard = reader.pointee.fn.pointee
        functions = .allocate(capacity: 1)
        var bounded = standard
        bounded.createArray = { task, count in
            guard count <= ReplyReader.mostElements else { return nil }
            return ReplyBuilder.shared.standard.createArray(task, count)
        }
        functions.initialize(to: bounded)
    }
}
