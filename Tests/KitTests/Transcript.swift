import Foundation
import JobModel
import Platform
import TestSupport
import Testing

/// One of the transcripts in Tests/Fixtures/handler-protocol/wire.json.
struct Transcript {
    let name: String
    let members: JSONValue
    /// Each step as it stands in the file.
    let steps: [JSONObject]

    static func all() throws -> [Transcript] {
        let text = "{\"all\":" + Program.text(of: KitCase.folder + "/wire.json") + "}"
        let file = try JSONObject(scanning: Array(text.utf8))
        return try #require(file.elements(of: "all")).map { range in
            let object = try JSONObject(scanning: Array(file.bytes[range]))
            return Transcript(
                name: try #require(object.string("name")),
                members: try JSONValue(String(decoding: object.bytes, as: UTF8.self)),
                steps: try #require(object.elements(of: "steps")).map {
                    try JSONObject(scanning: Array(object.bytes[$0]))
                })
        }
    }

    func isMeant(for kit: Kit) -> Bool {
        (members["kits"]?.array?.contains(.string(kit.name)) ?? true) && members["except"]?[kit.name] == nil
    }

    /// Goes through the steps with a process that was started for it; stops at the first that goes wrong.
    ///
    /// - Returns: what went wrong; nil if nothing did.
    func play(with process: WireProcess) throws -> String? {
        for step in steps {
            let text = String(decoding: step.bytes, as: UTF8.self)
            if let texts = step.strings(of: "send"), !texts.isEmpty {
                process.send(texts.map { $0 + "\n" }.joined())
            } else if let lines = step.elements(of: "send") {
                process.send(
                    lines.map { String(decoding: step.bytes[$0], as: UTF8.self) + "\n" }.joined()
                        .replacing("@directory", with: process.directory.path))
            } else if let pieces = step.string("pieces") {
                process.send(pieces, inPiecesOf: 7)
            } else if let patterns = try JSONValue(text)["expect"]?.array {
                var expected = patterns
                while !expected.isEmpty {
                    guard let line = process.nextLine(within: 20) else { return "nothing came; wanted \(expected)" }
                    guard let value = try? JSONValue(line),  // what it is instead, the message shows
                        let index = expected.firstIndex(where: { value.isMatched(by: $0, isOpen: true) })
                    else { return "\(line) came; wanted \(expected)" }
                    expected.remove(at: index)
                }
            } else if let seconds = step.number("silence") {
                if let line = process.nextLine(within: seconds) { return "\(line) came; wanted silence" }
            } else if let file = step.string("touch") {
                _ = FileManager.default.createFile(atPath: process.directory.path + "/" + file, contents: nil)
            } else if step.bool("close") == true {
                process.close()
            } else if step.string("signal") == "TERM" {
                process.child.signalGroup(.terminate)
            } else if let statuses = try JSONValue(text)["exit"]?.array {
                let status = process.exit(within: 20)
                guard let status, statuses.contains(.number(Decimal(status))) else {
                    return "it ended with \(status.map(String.init) ?? "nothing"); wanted \(statuses)"
                }
            } else {
                return "the step \(text) is not known"
            }
        }
        return nil
    }
}

/// A serve process on plain pipes.
final class WireProcess {
    let child: ChildProcess
    let directory = TemporaryDirectory()
    /// Its standard output and error.
    var log: String { Program.text(of: directory.path + "/log") }
    private var input: Int32
    private let output: FileDescriptor
    private var unread: [UInt8] = []
    private var hasEnded = false

    init(_ kit: Kit) throws {
        let executable = try #require(kit.executable)
        let toChild = try FileDescriptor.pipe()
        let fromChild = try FileDescriptor.pipe()
        let log = try FileDescriptor.open(directory.path + "/log", O_WRONLY | O_CREAT | O_APPEND)
        child = try ProcessSpec(
            executable: executable, arguments: kit.command,
            environment: Program.cleanEnvironment + ["MARTLET_PROTOCOL=1", "MARTLET_IN=3", "MARTLET_OUT=4"],
            directory: "/",
            descriptors: [(1, log.raw), (2, log.raw), (3, toChild.read.raw), (4, fromChild.write.raw)]
        ).spawn()
        output = fromChild.read
        try output.setNonBlocking(true)
        let write = toChild.write
        input = write.release()
    }

    deinit {
        if input >= 0 { Glibc.close(input) }
        if !hasEnded {
            child.signalGroup(.kill)
            _ = child.wait(until: .now().advanced(bySeconds: 10))
        }
    }

    func send(_ text: String, inPiecesOf size: Int = .max) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = size < bytes.count - start ? start + size : bytes.count
            // It may have ended already, which the steps that follow will find.
            bytes[start..<end].withUnsafeBytes { _ = Glibc.write(input, $0.baseAddress, $0.count) }
            start = end
            if start < bytes.count { usleep(2000) }
        }
    }

    func close() {
        Glibc.close(input)
        input = -1
    }

    /// What comes next, without its line feed; nil if nothing does.
    func nextLine(within seconds: Double) -> String? {
        let deadline = MonotonicTime.now().advanced(bySeconds: seconds)
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: unread[..<end], as: UTF8.self)
                unread.removeSubrange(...end)
                return line
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            switch buffer.withUnsafeMutableBytes({ output.read(into: $0) }) {
            case .bytes(let count): unread += buffer.prefix(count)
            case .wouldBlock:
                let rest = deadline.seconds(since: .now())
                guard rest > 0 else { return nil }
                var entry = pollfd(fd: output.raw, events: Int16(POLLIN), revents: 0)
                _ = poll(&entry, 1, Int32(rest * 1000) + 1)
            case .end, .failed: return nil
            }
        }
    }

    /// Its status, or 128 and the signal that ended it; nil if it goes on.
    func exit(within seconds: Double) -> Int32? {
        guard let report = child.wait(until: .now().advanced(bySeconds: seconds)) else { return nil }
        hasEnded = true
        return switch report.status {
        case .exited(let status): status
        case .signaled(let signal, _): 128 + signal.number
        case .lost: nil
        }
    }
}
