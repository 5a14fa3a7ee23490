/// What can go wrong on the way to Redis, with one command.
package enum Fault: Sendable, CustomStringConvertible {
    /// The command, and all that follows it on its connection, comes so many seconds later. Beyond the client's patience
    /// it is carried out after the client has given it up.
    case delay(Double)
    /// It is carried out at once, and its answer comes so many seconds later.
    case stall(Double)
    /// The connection ends; the command never reaches Redis.
    case cutBefore
    /// Redis carries it out; the connection ends in place of the answer.
    case cutAfter
    /// From this command on nothing passes in either direction, and the connection stays.
    case halfOpen
    /// It is answered with this error, such as "LOADING Redis is loading", and never reaches Redis.
    case refuse(String)
    /// Command and answer travel a byte at a time.
    case fragment
    /// Its answer comes over a slow line: so many bytes a second.
    case trickle(bytesPerSecond: Int)
    /// Redis carries it out, and the answer is none.
    case garble
    /// Redis carries it out, and these bytes are the answer.
    case say(String)

    package var description: String {
        switch self {
        case .delay(let seconds): "delay by \(seconds) s"
        case .stall(let seconds): "stall the answer for \(seconds) s"
        case .cutBefore: "cut before"
        case .cutAfter: "cut after"
        case .halfOpen: "go silent at"
        case .refuse(let reply): "refuse with \(reply.prefix { $0 != " " })"
        case .fragment: "fragment"
        case .trickle(let rate): "trickle, at \(rate) bytes a second, the answer of"
        case .garble: "garble the answer of"
        case .say(let bytes): "say \(bytes.prefix(20).debugDescription) to"
        }
    }
}

/// On which commands a fault falls.
struct FaultRule {
    /// A command's name as `FaultProxy` counts it, or "*" for every command.
    let name: String
    let fault: Fault
    /// Commands of that name still to let pass.
    var passes: Int
    /// How often the fault still happens.
    var times: Int

    func fits(_ command: String) -> Bool { name == "*" || name == command }
}
