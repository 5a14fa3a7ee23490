import Glibc
import Logging
import Platform
import Testing

@Suite("How log lines get out")
struct LogDeliveryTests {
    private let form = TextForm(LogSource(component: "test", pid: 1), isColored: false)

    private func record(_ number: Int) -> LogRecord { LogRecord(time: 0, level: .info, message: "line \(number)") }

    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

    @Test("a log nobody reads holds nobody up; what was dropped is counted and said")
    func stuckBuffer() throws {
        let pipe = try FileDescriptor.pipe()
        let filled = try fill(pipe.write)
        let buffer = LogBuffer(capacity: 4, outlet: LineOutlet(pipe.write.raw, form))
        #expect(buffer.start())
        for number in 0..<100 { buffer.add(record(number)) }
        #expect(!buffer.flush(until: .now().advanced(bySeconds: 0.02)))
        _ = try read(filled, from: pipe.read)
        #expect(buffer.flush(until: soon()))
        let text = try text(of: pipe)
        let written = lines(text).filter { $0.contains("line ") }
        let drops = lines(text).compactMap { line in
            line.split(separator: "dropped=").last.flatMap { Int($0) }
        }
        // Four wait, and four more may be in the writer's hands.
        #expect((4...8).contains(written.count))
        #expect(written.count + drops.reduce(0, +) == 100)
        #expect(written[0].hasSuffix("line 0"))
    }

    @Test("what is read is complete and in order")
    func buffered() throws {
        let pipe = try FileDescriptor.pipe()
        let buffer = LogBuffer(outlet: LineOutlet(pipe.write.raw, form))
        #expect(buffer.start())
        for number in 0..<1000 { buffer.add(record(number)) }
        #expect(buffer.flush(until: soon()))
        let text = try text(of: pipe)
        #expect(lines(text).map { $0.split(separator: " ").last.flatMap { Int($0) } } == Array(0..<1000))
    }

    @Test("the supervisor drops lines instead of waiting, and says how many when there is room again")
    func stuckDirect() throws {
        let pipe = try FileDescriptor.pipe()
        let filled = try fill(pipe.write)
        let log = LogDirect(outlet: LineOutlet(pipe.write.raw, form))
        for number in 0..<3 { log.add(record(number)) }
        _ = try read(filled, from: pipe.read)
        log.add(record(3))
        let text = try text(of: pipe)
        #expect(lines(text).count == 2)
        #expect(lines(text)[0].hasSuffix("dropped=3"))
        #expect(lines(text)[1].hasSuffix("line 3"))
    }

    @Test("a line longer than a pipe does not hold the supervisor up either, nor spoil the next one")
    func longLine() throws {
        let pipe = try FileDescriptor.pipe()
        let log = LogDirect(outlet: LineOutlet(pipe.write.raw, form))
        log.add(LogRecord(time: 0, level: .info, message: String(repeating: "x", count: 200_000)))
        var waiting: Int32 = 0
        _ = ioctl(pipe.read.raw, UInt(FIONREAD), &waiting)
        _ = try read(Int(waiting), from: pipe.read)
        log.add(record(1))
        let text = try text(of: pipe)
        #expect(text.hasPrefix("\n"))
        #expect(lines(text).last?.hasSuffix("line 1") == true)
    }

    @Test("a reader that went away does not end the process")
    func goneReader() throws {
        SignalDescriptor.ignoreBrokenPipes()
        let pipe = try FileDescriptor.pipe()
        let write = pipe.write
        _ = consume pipe.read
        let log = LogDirect(outlet: LineOutlet(write.raw, form))
        log.add(record(1))
    }

    @Test("an event's own fields win over those of its logger, and long ones are cut")
    func handler() {
        let sink = Collector()
        var handler = RecordingLogHandler(level: .info, sink: sink)
        handler[metadataKey: "jid"] = "old"
        handler[metadataKey: "queue"] = "default"
        var logger = Logger(label: "test") { _ in handler }
        logger.logLevel = .info
        logger.debug("not written")
        logger.info("done", metadata: ["jid": "new", "long": .string(String(repeating: "ü", count: 10_000))])
        let records = sink.records.withLock { $0 }
        #expect(records.map(\.message) == ["done"])
        #expect(records[0].metadata["jid"] == "new")
        #expect(records[0].metadata["queue"] == "default")
        #expect("\(records[0].metadata["long"] ?? "")".hasSuffix("ü… (20000 bytes)"))
    }

    private final class Collector: LogSink {
        let records = Monitor<[LogRecord]>([])
        func add(_ record: LogRecord) { records.withLock { $0.append(record) } }
    }

    @Test("everything logged before the end is in the log after it", arguments: [true, false])
    func setup(isBuffered: Bool) async throws {
        let ended =
            await #expect(processExitsWith: .exitCode(7), observing: [\.standardErrorContent]) {
                [isBuffered = isBuffered as Bool] in
                LogSetup.start(
                    format: .json, level: .info, buffered: isBuffered, component: "test", leadingFields: ["jid"])
                let logger = Logger(label: "martlet")
                for number in 0..<100 { logger.info("line \(number)", metadata: ["a": "b", "jid": "ab12"]) }
                logger.debug("below the level")
                LogSetup.flush()
                exit(7)
            }
        let result = try #require(ended)
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(lines(text).count == 100)
        #expect(lines(text)[99].hasSuffix(#""message":"line 99","jid":"ab12","a":"b"}"#))
    }

    @Test("a process whose log is stuck ends within two seconds all the same")
    func stuckExit() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let pipe = try FileDescriptor.pipe()
            _ = try fill(pipe.write)
            dup2(pipe.write.raw, 2)
            LogSetup.start(format: .text, level: .info, buffered: true, component: "test")
            let start = MonotonicTime.now()
            Logger(label: "martlet").info("nobody reads this")
            LogSetup.flush()
            let seconds = MonotonicTime.now().seconds(since: start)
            _ = consume pipe  // Open until here, or the log would not be stuck but broken.
            exit(seconds > 0.9 && seconds < 2 ? 7 : 1)
        }
    }

    @Test("a journal that does not read does not hold the supervisor up; what was dropped is said when it reads again")
    func stuckJournal() throws {
        let path = "/tmp/martlet-journal-\(UInt32.random(in: .min ... .max))"
        let raw = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let journal = FileDescriptor(raw)
        defer { unlink(path) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        #expect(isBound)
        let form = JournalForm(LogSource(component: "test", pid: 1))
        let log = LogDirect(outlet: JournalOutlet(form, path: path))
        let count = 5000
        for number in 0..<count { log.add(record(number)) }

        func next() throws -> String? {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let length = recv(journal.raw, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return length > 0 ? String(decoding: buffer[..<length], as: UTF8.self) : nil
        }
        var read = 0
        while let text = try next() {
            #expect(text.hasPrefix("MESSAGE=line \(read)\nPRIORITY=6\n"))
            read += 1
        }
        #expect(read > 0 && read < count)
        log.add(record(count))
        #expect(try next()?.contains("\nMARTLET_DROPPED=\(count - read)\n") == true)
        #expect(try next()?.hasPrefix("MESSAGE=line \(count)\n") == true)
    }
}
