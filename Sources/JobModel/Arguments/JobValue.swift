/// A place in a template: which value of a job stands there.
enum JobValue: Equatable, Sendable {
    /// An argument by its number from 0, and the way further in: names of members, numbers of elements.
    case argument([String])
    case jid
    case jobClass
    case queue
    case attempt

    private static let names: [String: JobValue] = [
        "jid": .jid, "class": .jobClass, "queue": .queue, "attempt": .attempt,
    ]

    /// - Parameter text: what stands between the braces.
    init(_ text: String) throws(TemplateMistake) {
        if let value = Self.names[text] {
            self = value
            return
        }
        let path = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard path[0] == "args" else {
            throw TemplateMistake(
                "has `{\(text)}`, which names nothing; there are {args.0}, {args.1.name}, {jid}, {class}, {queue} and "
                    + "{attempt}, and a brace that is meant as such is written twice")
        }
        guard path.count > 1 else {
            throw TemplateMistake(
                "has `{args}`, which is the whole list; name one of it, as in {args.0}, or give all on standard input by "
                    + "`stdin: args`")
        }
        guard Self.index(path[1]) != nil else {
            throw TemplateMistake(
                "has `{\(text)}`; after `args.` comes the number of an argument, from 0, as in {args.0}")
        }
        guard !path.contains("") else {
            throw TemplateMistake("has `{\(text)}`, in which a name between dots is missing")
        }
        guard !text.contains("{") else { throw TemplateMistake("has `{\(text)}`, with a brace inside braces") }
        self = .argument(Array(path.dropFirst()))
    }

    /// The value as text: numbers as the producer wrote them.
    func text(in job: Job, queue: QueueName) throws(UnfitValue) -> String {
        switch self {
        case .argument(let path): return try Self.argument(path, of: job.object)
        case .jid:
            guard let jid = job.jid else { throw UnfitValue("the job has no jid") }
            return jid
        case .jobClass: return job.route.text
        case .queue: return queue.text
        case .attempt: return String(job.attempt)
        }
    }

    private static func argument(_ path: [String], of object: JSONObject) throws(UnfitValue) -> String {
        guard let member = object.member("args") else { throw UnfitValue("the job has no `args`") }
        var place = JSONPlace(member)
        var name = "args"
        for step in path {
            switch place.kind {
            case .array:
                let elements = object.elements(of: place)
                guard let index = index(step) else {
                    throw UnfitValue("\(name) is a list, in which no element is called \(step)")
                }
                guard index < elements.count else {
                    throw UnfitValue("\(name) has \(elements.count == 0 ? "no elements" : "only \(elements.count)")")
                }
                place = elements[index]
            case .object:
                guard let found = object.member(step, of: place) else {
                    throw UnfitValue("\(name) has no member \(step)")
                }
                place = found
            case .string, .number, .true, .false, .null:
                throw UnfitValue("\(name) is \(described(place.kind)), with nothing inside")
            }
            name += ".\(step)"
        }
        return try scalar(place, name, of: object)
    }

    private static func scalar(_ place: JSONPlace, _ name: String, of object: JSONObject) throws(UnfitValue) -> String {
        switch place.kind {
        case .string:
            guard let text = object.wholeString(at: place.range) else {
                throw UnfitValue("\(name) is a text with half a character in it (a lone surrogate)")
            }
            guard !text.utf8.contains(0) else { throw UnfitValue("\(name) holds a NUL, which no argument can hold") }
            return text
        case .number: return String(decoding: object.bytes[place.range], as: UTF8.self)
        case .true: return "true"
        case .false: return "false"
        case .array, .object, .null:
            throw UnfitValue(
                "\(name) is \(described(place.kind)); an argument is made of a text, a number, true or false")
        }
    }

    private static func described(_ kind: JSONKind) -> String {
        switch kind {
        case .string: "a text"
        case .number: "a number"
        case .object: "an object"
        case .array: "a list"
        case .true: "true"
        case .false: "false"
        case .null: "null"
        }
    }

    /// A number of an element: digits without a leading zero.
    private static func index(_ text: String) -> Int? {
        guard text.utf8.count <= 6, text.utf8.allSatisfy({ $0 &- 0x30 < 10 }), text == "0" || text.first != "0" else {
            return nil
        }
        return Int(text)
    }
}
