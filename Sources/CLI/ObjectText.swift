import JobModel

/// A JSON object that is being written, on one line. What came as JSON goes in byte for byte.
struct ObjectText {
    private var inside: [UInt8] = []

    var bytes: [UInt8] { [UInt8(ascii: "{")] + inside + [UInt8(ascii: "}")] }

    mutating func add(_ name: String, raw: [UInt8]) {
        if !inside.isEmpty { inside.append(UInt8(ascii: ",")) }
        JSONText.append(quoted: name, to: &inside)
        inside.append(UInt8(ascii: ":"))
        SingleLine.append(raw, to: &inside)
    }

    mutating func add(_ name: String, text: String) { add(name, raw: JSONText.quote(text)) }

    mutating func add(_ name: String, flag: Bool) { add(name, raw: Array((flag ? "true" : "false").utf8)) }

    /// - Parameter number: what JSON cannot hold becomes null; whole numbers get no fraction.
    mutating func add(_ name: String, number: Double) {
        let whole = Int(exactly: number).map(String.init)
        add(name, raw: Array((whole ?? (number.isFinite ? "\(number)" : "null")).utf8))
    }

    mutating func add(_ name: String, list: [[UInt8]]) {
        add(name, raw: [UInt8(ascii: "[")] + list.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")])
    }

    mutating func add(_ name: String, texts: [String]) { add(name, list: texts.map(JSONText.quote)) }
}

/// One list as a JSON object, an element a line: whatever its length, it is printed as it comes.
struct ObjectLines {
    private(set) var isEmpty = true

    /// Prints the beginning.
    init(_ name: String) { Output.bytes(Array("{\"\(name)\":[".utf8)) }

    mutating func add(_ object: ObjectText) {
        Output.bytes(Array((isEmpty ? "\n" : ",\n").utf8) + object.bytes)
        isEmpty = false
    }

    /// Prints the end.
    func finish() { Output.bytes(Array("\n]}\n".utf8)) }
}
