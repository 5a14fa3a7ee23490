import Foundation

/// What names a run in the lines of its process: its number, or nothing where there is only one.
enum RunNumber: Codable, Hashable, Sendable {
    case number(Int)
    case only

    init(from decoder: any Decoder) throws { self = .number(try decoder.singleValueContainer().decode(Int.self)) }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .number(let number): try value.encode(number)
        case .only: try value.encode(true)
        }
    }
}

/// The text a run was told with, from which each part is read when it is asked for, in the type it is asked for.
struct RunSource: Sendable {
    /// A line from Martlet, or the payload alone.
    let text: Data
    /// Of a payload alone.
    var checkpoint: Data?
    let isPayload: Bool

    enum Part { case payload, args, checkpoint }

    /// - Returns: nil if it is not there, or null.
    func decode<T: Decodable>(at part: Part) throws -> T? {
        let decoder = JSONDecoder()
        switch (part, isPayload) {
        case (.payload, true): return try decoder.decode(T.self, from: text)
        case (.payload, false): return try decoder.decode(Line<T>.self, from: text).job
        case (.args, true): return try decoder.decode(Payload<T>.self, from: text).args
        case (.args, false): return try decoder.decode(Line<Payload<T>>.self, from: text).job?.args
        case (.checkpoint, true): return try checkpoint.map { try decoder.decode(T.self, from: $0) }
        case (.checkpoint, false): return try decoder.decode(Checkpointed<T>.self, from: text).checkpoint
        }
    }

    private struct Line<T: Decodable>: Decodable { let job: T? }
    private struct Payload<T: Decodable>: Decodable { let args: T? }
    private struct Checkpointed<T: Decodable>: Decodable { let checkpoint: T? }
}

/// What is known of a run without asking its arguments.
struct RunHead: Decodable {
    var number = RunNumber.only
    var attempt = 1
    var isLast = false
    /// Milliseconds since 1970.
    var deadline: Double?
    var jobClass = ""
    var jid: String?
    var queue: String?

    private enum Member: String, CodingKey { case run, attempt, last, deadline, job }
    private enum PayloadMember: String, CodingKey { case `class`, wrapped, jid, queue }

    /// Reads a line from Martlet.
    init(from decoder: any Decoder) throws {
        let line = try decoder.container(keyedBy: Member.self)
        number = try line.decode(RunNumber.self, forKey: .run)
        attempt = (try? line.decode(Int.self, forKey: .attempt)) ?? 1
        isLast = (try? line.decode(Bool.self, forKey: .last)) ?? false
        deadline = try? line.decode(Double.self, forKey: .deadline)
        read(try line.nestedContainer(keyedBy: PayloadMember.self, forKey: .job))
    }

    /// Of a payload alone; the environment says the rest.
    init(payload: Data, environment: [String: String]) throws {
        struct Alone: Decodable {
            let head: RunHead
            init(from decoder: any Decoder) throws {
                var head = RunHead()
                head.read(try decoder.container(keyedBy: PayloadMember.self))
                self.head = head
            }
        }
        self = try JSONDecoder().decode(Alone.self, from: payload).head
        if let name = environment["MARTLET_CLASS"] { jobClass = name }
        queue = environment["MARTLET_QUEUE"] ?? queue
        attempt = environment["MARTLET_ATTEMPT"].flatMap { Int($0) } ?? 1
        isLast = environment["MARTLET_LAST"] != nil
        deadline = environment["MARTLET_DEADLINE"].flatMap { Double($0) }
    }

    private init() {}

    /// Members of another type than they should have are none: whoever pushed the job wrote them.
    private mutating func read(_ payload: KeyedDecodingContainer<PayloadMember>) {
        func text(_ member: PayloadMember) -> String? { try? payload.decode(String.self, forKey: member) }
        jobClass = text(.wrapped) ?? text(.class) ?? ""
        jid = text(.jid)
        queue = text(.queue)
    }
}
