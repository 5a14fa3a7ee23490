internal import CHiredis

/// One reply of the protocol RESP2.
package indirect enum RedisReply: Sendable, Equatable {
    case bulk([UInt8])
    case status(String)
    case integer(Int)
    case array([RedisReply])
    case null
    case error(RedisRefusal)

    /// The bytes of a bulk or a status.
    package var bytes: [UInt8]? {
        switch self {
        case .bulk(let bytes): bytes
        case .status(let text): Array(text.utf8)
        case .integer, .array, .null, .error: nil
        }
    }

    /// A bulk or status as text; bytes that are not UTF-8 become U+FFFD, so never use it for a payload.
    package var text: String? {
        switch self {
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer, .array, .null, .error: nil
        }
    }

    /// An integer reply, or a bulk that holds one (counters lie in Redis as text).
    package var integer: Int? {
        switch self {
        case .integer(let value): value
        case .bulk, .status: text.flatMap { Int($0) }
        case .array, .null, .error: nil
        }
    }

    /// A bulk that holds a number, as scores do.
    package var number: Double? {
        if case .integer(let value) = self { Double(value) } else { text.flatMap { Double($0) } }
    }

    package var elements: [RedisReply]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    package var refusal: RedisRefusal? {
        if case .error(let refusal) = self { refusal } else { nil }
    }

    /// The elements of a flat array of names and values (HGETALL, ZRANGE WITHSCORES), two by two.
    package var pairs: [(name: RedisReply, value: RedisReply)]? {
        guard let elements, elements.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: elements.count, by: 2).map { (elements[$0], elements[$0 + 1]) }
    }

    /// - Returns: the reply itself if it is not an error.
    /// - Throws: `RedisError.refused` if it is one.
    @discardableResult
    package func accepted() throws(RedisError) -> RedisReply {
        if case .error(let refusal) = self { throw .refused(refusal) }
        return self
    }
}

extension RedisReply {
    /// Copies what hiredis parsed; the caller still frees it.
    init(copying raw: UnsafePointer<redisReply>) {
        let reply = raw.pointee
        switch reply.type {
        case REDIS_REPLY_STRING:
            self = .bulk(Array(UnsafeRawBufferPointer(start: reply.str, count: reply.len)))
        case REDIS_REPLY_STATUS:
            self = .status(Self.text(of: reply))
        case REDIS_REPLY_ERROR:
            self = .error(RedisRefusal(reply: Self.text(of: reply)))
        case REDIS_REPLY_INTEGER:
            self = .integer(Int(reply.integer))
        case REDIS_REPLY_ARRAY:
            var elements: [RedisReply] = []
            elements.reserveCapacity(reply.elements)
            for index in 0..<reply.elements {
                // hiredis fills every element before it hands out the array.
                guard let element = reply.element?[index] else { break }
                elements.append(RedisReply(copying: element))
            }
            self = .array(elements)
        default:
            self = .null  // REDIS_REPLY_NIL: the reader of 0.14 knows no other type.
        }
    }

    private static func text(of reply: redisReply) -> String {
        String(decoding: UnsafeRawBufferPointer(start: reply.str, count: reply.len), as: UTF8.self)
    }
}
