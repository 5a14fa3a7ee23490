internal import CHiredis

/// A command and its arguments, each an opaque string of bytes.
///
/// A command that runs a script names the script; whether that becomes EVALSHA or EVAL is known only to the connection.
package struct RedisCommand: Sendable {
    /// The script it runs; the arguments then are what follows the script: number of keys, keys, arguments.
    package let script: LuaScript?
    /// True once the command must carry the script's source, because the server said NOSCRIPT.
    package private(set) var isWhole = false
    // All arguments in one buffer: one allocation that grows instead of one an argument.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    package init(_ name: String) {
        script = nil
        add(name)
    }

    package init(_ words: [String]) {
        script = nil
        for word in words { add(word) }
    }

    /// - Parameter more: so many more keys will be added next.
    package init(running script: LuaScript, keys: [String], more: Int = 0) {
        self.script = script
        // A few hundred bytes are usual, and growing to them step by step would copy them as often.
        bytes.reserveCapacity(1024)
        ends.reserveCapacity(64)
        add(keys.count + more)
        for key in keys { add(key) }
    }

    package mutating func add(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        ends.append(bytes.count)
    }

    package mutating func add(_ argument: [UInt8]) {
        bytes.append(contentsOf: argument)
        ends.append(bytes.count)
    }

    /// One argument out of two parts.
    package mutating func add(_ first: String, _ second: String) {
        bytes.append(contentsOf: first.utf8)
        bytes.append(contentsOf: second.utf8)
        ends.append(bytes.count)
    }

    package mutating func add(_ number: Int) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        addDigits(of: UInt64(number.magnitude), atLeast: 1)
        ends.append(bytes.count)
    }

    /// One argument out of a number, with leading zeros to so many digits, and two texts.
    package mutating func add(_ number: UInt64, digits: Int, _ first: String, _ second: String) {
        addDigits(of: number, atLeast: digits)
        bytes.append(contentsOf: first.utf8)
        bytes.append(contentsOf: second.utf8)
        ends.append(bytes.count)
    }

    /// Without the string that interpolation would make for every job.
    private mutating func addDigits(of number: UInt64, atLeast least: Int) {
        var (rest, count) = (number / 10, 1)
        while rest > 0 { (rest, count) = (rest / 10, count + 1) }
        count = max(count, least)
        let end = bytes.count + count
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: count))
        rest = number
        var place = end - 1
        while rest > 0 {
            bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
            place -= 1
        }
    }

    /// Redis closes a connection that sends 1 GB at once (client-query-buffer-limit); the framing needs some of it.
    package static let mostBytes = 1 << 29

    /// The bytes of all arguments. Whoever batches payloads batches by this too.
    package var byteCount: Int { bytes.count }

    /// The same command with the script's source in it: what to send after NOSCRIPT.
    package var whole: RedisCommand {
        var copy = self
        copy.isWhole = true
        return copy
    }

    /// The arguments as text, for tests and messages.
    package var words: [String] {
        var start = 0
        return ends.map { end in
            defer { start = end }
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }
    }
}

extension RedisCommand {
    /// Appends the command in the protocol's form.
    ///
    /// - Parameter digest: the script's digest if this connection's server is known to have loaded it.
    func encode(onto output: inout [UInt8], digest: [UInt8]?) {
        guard let script else { return encode(onto: &output, before: []) }
        if let digest, !isWhole {
            encode(onto: &output, before: [Array("EVALSHA".utf8), digest])
        } else {
            encode(onto: &output, before: [Array("EVAL".utf8), script.source])
        }
    }

    private func encode(onto output: inout [UInt8], before head: [[UInt8]]) {
        let headBytes = head.joined().map { $0 }
        let count = head.count + ends.count
        headBytes.withUnsafeBytes { headBuffer in
            bytes.withUnsafeBytes { buffer in
                withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { pointers in
                    withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { lengths in
                        var argument = 0
                        func place(_ range: Range<Int>, of buffer: UnsafeRawBufferPointer) {
                            let start = buffer.baseAddress?.advanced(by: range.lowerBound)
                            pointers.initializeElement(at: argument, to: start?.assumingMemoryBound(to: CChar.self))
                            lengths.initializeElement(at: argument, to: range.count)
                            argument += 1
                        }
                        var start = 0
                        for part in head {
                            place(start..<start + part.count, of: headBuffer)
                            start += part.count
                        }
                        start = 0
                        for end in ends {
                            place(start..<end, of: buffer)
                            start = end
                        }
                        Self.format(pointers, lengths, onto: &output)
                    }
                }
            }
        }
    }

    private static func format(
        _ arguments: UnsafeMutableBufferPointer<UnsafePointer<CChar>?>, _ lengths: UnsafeMutableBufferPointer<Int>,
        onto output: inout [UInt8]
    ) {
        var formatted: UnsafeMutablePointer<CChar>?
        let length = redisFormatCommandArgv(
            &formatted, Int32(arguments.count), arguments.baseAddress,
            UnsafePointer(lengths.baseAddress).map {
                UnsafeRawPointer($0).assumingMemoryBound(to: Int.self)
            })
        guard length >= 0, let formatted else {
            preconditionFailure("memory for a command of at most \(mostBytes) bytes")
        }
        output.append(contentsOf: UnsafeRawBufferPointer(start: formatted, count: Int(length)))
        redisFreeCommand(formatted)
    }
}
