/// Why something cannot be pushed as a job.
package enum DraftError: Error, Equatable, CustomStringConvertible {
    /// Not a strict JSON object.
    case json(JSONError)
    /// A member stands there twice that decides where the job goes.
    case duplicateMember(String)
    /// One member is wrong: which, and what it must be.
    case member(String, String)
    /// More bytes than a worker runs.
    case tooLarge(bytes: Int, limit: Int)

    package var description: String {
        switch self {
        case .json(let error): "not a JSON object: \(error)"
        case .duplicateMember(let name): "it has more than one \(name)"
        case .member(let name, let advice): "\(name) \(advice)"
        case .tooLarge(let bytes, let limit): "\(bytes) bytes are more than limits.payload allows, \(limit)"
        }
    }
}
