import JobModel

/// One line a handler wrote to its descriptor 4.
enum Answer: Equatable {
    case ready
    /// The run is over. The number is nil only where it may be left out: in a process that runs one job.
    case final(number: Int?, Outcome)
    /// Children of the run, as raw JSON objects.
    case push(number: Int?, [[UInt8]])
    /// Children that are enqueued before the run is over, together with its checkpoint.
    case chunk(number: Int?, [[UInt8]], checkpoint: [UInt8])
    case progress(number: Int?, percent: Double?, note: String?)
    /// The run does its job element by element: it asks where to go on, or says which element comes next.
    case iterate(number: Int?, cursor: [UInt8]?)
    /// The run is over: it stopped before that element.
    case interrupted(number: Int?, cursor: [UInt8]?)
}

/// How a handler broke the protocol, in words for its author.
struct ProtocolViolation: Error, Equatable {
    let reason: String

    init(_ reason: String) { self.reason = reason }

    var failure: Failure { Failure(errorClass: ErrorClass.protocolError, message: reason) }
}

extension Answer {
    /// The member that says what kind of line it is; each line has exactly one of them.
    private enum Verb: String, CaseIterable {
        case ready, done, failed, dead, discard, snooze, push, progress, iterate, interrupted
    }

    /// Reads one line, without its line feed.
    init(parsing line: UnsafeRawBufferPointer) throws(ProtocolViolation) {
        if let number = Self.plainlyDone(line) {
            self = .final(number: number, .succeeded)
            return
        }
        let object: JSONObject
        do {
            object = try JSONObject(scanning: Array(line))
        } catch {
            throw ProtocolViolation("wrote a line that is not a JSON object: \(Self.excerpt(of: line))")
        }
        try self.init(reading: object)
    }

    private init(reading object: JSONObject) throws(ProtocolViolation) {
        let verbs = Verb.allCases.filter { object.member($0.rawValue) != nil }
        guard let verb = verbs.first, verbs.count == 1 else {
            let line = object.bytes.withUnsafeBytes { Self.excerpt(of: $0) }
            throw ProtocolViolation("wrote a line that is not exactly one of the protocol's answers: \(line)")
        }
        if verb == .ready {
            guard object.bool("ready") == true else { throw ProtocolViolation("wrote `ready` that is not true") }
            self = .ready
            return
        }
        let number = try Self.number(in: object, verb)
        switch verb {
        case .ready, .done: self = .final(number: number, .succeeded)
        case .failed: self = .final(number: number, .failed(try Self.failure(in: object, verb)))
        case .dead: self = .final(number: number, .dead(try Self.failure(in: object, verb)))
        case .discard: self = .final(number: number, .discarded)
        case .snooze: self = .final(number: number, .snoozed(seconds: try Self.seconds(in: object)))
        case .push:
            if let checkpoint = try Self.checkpoint(in: object) {
                self = .chunk(number: number, try Self.chunk(in: object), checkpoint: checkpoint)
            } else {
                self = .push(number: number, try Self.jobs(in: object))
            }
        case .iterate: self = .iterate(number: number, cursor: try Self.cursor(in: object))
        case .interrupted: self = .interrupted(number: number, cursor: try Self.cursor(in: object))
        case .progress:
            self = .progress(number: number, percent: object.number("percent"), note: object.string("note"))
        }
    }

    /// The run's number of `{"done":7}`, the line that nearly every job ends with; nil if it is anything else.
    ///
    /// Accepts what common JSON writers put there: no space or one after the colon.
    static func plainlyDone(_ line: UnsafeRawBufferPointer) -> Int? {
        let head = StaticString("{\"done\":")
        guard line.count > head.utf8CodeUnitCount + 1, line[line.count - 1] == UInt8(ascii: "}") else { return nil }
        for offset in 0..<head.utf8CodeUnitCount where line[offset] != head.utf8Start[offset] { return nil }
        var offset = head.utf8CodeUnitCount
        if line[offset] == UInt8(ascii: " ") { offset += 1 }
        let end = line.count - 1
        // 18 digits cannot overflow. A leading zero is not JSON: the scanner will say so.
        guard (1...18).contains(end - offset), end - offset == 1 || line[offset] != UInt8(ascii: "0") else {
            return nil
        }
        var number = 0
        while offset < end {
            let digit = line[offset] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number &* 10 &+ Int(digit)
            offset += 1
        }
        return number
    }

    /// nil where the handler wrote `true` or `null` instead of a number.
    private static func number(in object: JSONObject, _ verb: Verb) throws(ProtocolViolation) -> Int? {
        if let number = object.integer(verb.rawValue) { return number }
        guard object.bool(verb.rawValue) == true || object.isNull(verb.rawValue) else {
            throw ProtocolViolation("wrote `\(verb.rawValue)` with something that is not a run's number")
        }
        return nil
    }

    private static func failure(in object: JSONObject, _ verb: Verb) throws(ProtocolViolation) -> Failure {
        guard let errorClass = object.string("class"), !errorClass.isEmpty else {
            throw ProtocolViolation("wrote `\(verb.rawValue)` without a `class`")
        }
        guard let message = object.string("message") else {
            throw ProtocolViolation("wrote `\(verb.rawValue)` without a `message`")
        }
        var failure = Failure(
            errorClass: errorClass, message: message, backtrace: object.strings(of: "backtrace") ?? [])
        if verb == .failed, let member = object.member("retry_in"), member.kind != .null {
            // A slip here must not cost the job its own error, nor other runs their process.
            failure.retryIn = object.number("retry_in").flatMap { $0 > 0 && $0 <= 1e9 ? $0 : nil }
            failure.hasUnusableDelay = failure.retryIn == nil
        }
        return failure
    }

    private static func seconds(in object: JSONObject) throws(ProtocolViolation) -> Double {
        // 10^9 s are 31 years: beyond it is a slip of units, not a wish.
        guard let seconds = object.number("seconds"), seconds.isFinite, (0...1e9).contains(seconds) else {
            throw ProtocolViolation("wrote `snooze` without `seconds` from 0 to 10^9")
        }
        return seconds
    }

    private static func jobs(in object: JSONObject) throws(ProtocolViolation) -> [[UInt8]] {
        guard let elements = object.elements(of: "jobs") else {
            throw ProtocolViolation("wrote `push` without a list of `jobs`")
        }
        return elements.map { Array(object.bytes[$0]) }
    }

    /// nil if there is none, or `null`, which could not be told from none at the next attempt.
    private static func checkpoint(in object: JSONObject) throws(ProtocolViolation) -> [UInt8]? {
        guard let member = object.member("checkpoint"), member.kind != .null else { return nil }
        let bytes = Array(object.raw(member))
        guard bytes.count <= Checkpoint.longest else {
            throw ProtocolViolation("wrote a checkpoint of \(bytes.count) bytes; the limit is \(Checkpoint.longest)")
        }
        return bytes
    }

    /// The jobs beside a checkpoint, which may do without any.
    private static func chunk(in object: JSONObject) throws(ProtocolViolation) -> [[UInt8]] {
        guard object.member("jobs") != nil else { return [] }
        let jobs = try jobs(in: object)
        guard jobs.count <= PushedJobs.maximumJobs else {
            throw ProtocolViolation("pushed \(jobs.count) jobs in one chunk; the limit is \(PushedJobs.maximumJobs)")
        }
        return jobs
    }

    /// The beginning of a line, for messages: at most 100 bytes.
    private static func excerpt(of line: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: line.prefix(100), as: UTF8.self)
        return line.count > 100 ? text + "…" : text
    }
}

extension JSONObject {
    fileprivate func isNull(_ name: String) -> Bool {
        guard let member = member(name) else { return false }
        return bytes[member.value].elementsEqual("null".utf8)
    }
}
