public import struct Foundation.Date

/// A job that a run pushes.
public struct Child: Encodable, Sendable {
    /// 24 hexadecimal digits, its own.
    public let jid: String
    public let jobClass: String
    /// Nil for `default`.
    public var queue: String?
    /// When it is to run; nil for as soon as it can.
    public var at: Date?
    /// Whether, and how often, it is tried again; nil for 25 times.
    public var retry: Retry?
    private let arguments: [any Encodable & Sendable]

    public enum Retry: Sendable {
        case never
        case times(Int)
    }

    public init<each Argument: Encodable & Sendable>(
        _ jobClass: String, _ argument: repeat each Argument, queue: String? = nil, at: Date? = nil,
        retry: Retry? = nil
    ) {
        var arguments: [any Encodable & Sendable] = []
        for argument in repeat each argument { arguments.append(argument) }
        self.init(jobClass, arguments: arguments, queue: queue, at: at, retry: retry)
    }

    /// With arguments whose number is not known beforehand.
    public init(
        _ jobClass: String, arguments: [any Encodable & Sendable], queue: String? = nil, at: Date? = nil,
        retry: Retry? = nil
    ) {
        self.jobClass = jobClass
        self.queue = queue
        self.at = at
        self.retry = retry
        self.arguments = arguments
        jid = (0..<3).map { _ in Self.hexadecimal(UInt32.random(in: .min ... .max)) }.joined()
    }

    private static func hexadecimal(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    private enum Member: String, CodingKey { case `class`, args, jid, queue, at, retry }

    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        try members.encode(jobClass, forKey: .class)
        var list = members.nestedUnkeyedContainer(forKey: .args)
        for argument in arguments { try list.encode(argument) }
        try members.encode(jid, forKey: .jid)
        try members.encodeIfPresent(queue, forKey: .queue)
        try members.encodeIfPresent(at?.timeIntervalSince1970, forKey: .at)
        switch retry {
        case nil: break
        case .never: try members.encode(false, forKey: .retry)
        case .times(let count): try members.encode(count, forKey: .retry)
        }
    }
}
