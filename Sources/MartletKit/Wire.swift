import Foundation
import Glibc
import Synchronization

/// Lines to Martlet, each written as a whole, whichever thread writes it; and the log.
final class Wire: Sendable {
    /// Bytes; Martlet takes no longer one.
    static let longestLine = 1 << 20

    private let descriptor: Int32
    private let lock = Mutex<Void>(())
    /// How many runs go on: with several, a line of the log names its own.
    let running = Atomic<Int>(0)

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    static func text(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return try encoder.encode(value)
    }

    func send(_ line: some Encodable) {
        // What the kit itself sends can always be written as JSON.
        if let text = try? Self.text(line) { write(text) }
    }

    func send(push number: RunNumber, _ jobs: ArraySlice<Data>, checkpoint: Data?) throws {
        var line = Data("{\"push\":".utf8)
        line += try Self.text(number)
        line += Data(",\"jobs\":[".utf8)
        line += Data(jobs.joined(separator: [UInt8(ascii: ",")]))
        line += Data("]".utf8)
        if let checkpoint {
            line += Data(",\"checkpoint\":".utf8)
            line += checkpoint
        }
        line += Data("}".utf8)
        guard line.count < Self.longestLine else {
            throw Failure("ArgumentError", "a line of \(line.count) bytes; Martlet takes \(Self.longestLine)")
        }
        write(line)
    }

    func log(_ level: LogLevel, _ text: String, jid: String?) {
        let name = running.load(ordering: .relaxed) > 1 ? jid.map { "jid=\($0) " } ?? "" : ""
        let lines = (name + text).split(separator: "\n", omittingEmptySubsequences: false)
        Self.write(Data(lines.map { "<\(level.rawValue)>\($0)\n" }.joined().utf8), to: 2)
    }

    private func write(_ text: Data) {
        lock.withLock { _ in
            // Martlet is gone if it cannot be written to: nobody is left to work for.
            if !Self.write(text + [UInt8(ascii: "\n")], to: descriptor) { _exit(1) }
        }
    }

    @discardableResult
    private static func write(_ text: Data, to descriptor: Int32) -> Bool {
        text.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
                if count < 0, errno != EINTR { return false }
                start += max(count, 0)
            }
            return true
        }
    }
}
