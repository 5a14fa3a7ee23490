/// Why a payload is no job. It cannot be run, so it goes to the dead set with its bytes unchanged.
package enum MalformedPayload: Error, Equatable, CustomStringConvertible {
    /// Not JSON at all.
    case json(JSONError)
    /// Larger than the configuration allows; nothing of it was parsed.
    case tooLarge(bytes: Int, limit: Int)
    /// JSON, but not an object.
    case notAnObject
    /// `class` is missing or not a string.
    case noClass
    /// `class`, `jid`, `queue` or `retry` stands there twice: one parser would route by the first, another by the last.
    case duplicateMember(String)
    /// `class` or `wrapped` is empty, over 512 bytes long, or holds control characters or a lone surrogate.
    case unusableClass
    /// `jid` is not a string, empty, over 512 bytes long, or holds control characters or a lone surrogate.
    case unusableJID

    package var description: String {
        switch self {
        case .json(let error): "not JSON: \(error)"
        case .tooLarge(let bytes, let limit): "\(bytes) bytes are more than limits.payload allows, \(limit)"
        case .notAnObject: "not a JSON object"
        case .noClass: "it has no class"
        case .duplicateMember(let name): "it has more than one \(name)"
        case .unusableClass: "its class cannot be used as a name"
        case .unusableJID: "its jid cannot be used as a name"
        }
    }
}
