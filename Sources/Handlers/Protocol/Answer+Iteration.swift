import JobModel

/// What a run says that does its job element by element.
extension Answer {
    /// `iterate` and `interrupted` may carry a cursor, any JSON value: the element that comes next.
    static func cursor(in object: JSONObject) throws(ProtocolViolation) -> [UInt8]? {
        guard let member = object.member("cursor") else { return nil }
        let bytes = Array(object.raw(member))
        guard bytes.count <= IterationState.longestCursor else {
            throw ProtocolViolation(
                "wrote a cursor of \(bytes.count) bytes; the limit is \(IterationState.longestCursor)")
        }
        return bytes
    }
}
