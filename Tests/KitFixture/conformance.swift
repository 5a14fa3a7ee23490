import Foundation
import MartletKit

/// The classes of Tests/Fixtures/handler-protocol/README.md, with the Swift kit.
@main
struct Conformance {
    static func main() async throws {
        if CommandLine.arguments.last == "reports" { return await Reports.main() }
        if CommandLine.arguments.last == "client" { return try await Pushes.main() }
        var martlet = Martlet()
        for name in ["Noop", "BenchJob"] { martlet.job(name) { _ in } }
        for name in ["Echo", "Conformance::Nested"] {
            martlet.job(name) { run in try run.push([Child("Echoed", arguments: run.arguments(as: [JSON].self))]) }
        }
        martlet.job("Fail") { (_: Run, message: String) in try outer(message) }
        martlet.job("Dead") { (_: Run, message: String) in throw Dead(message) }
        martlet.job("Discard") { _ in throw Discard() }
        martlet.job("Snooze") { (_: Run, seconds: Double) in throw Snooze(seconds: seconds) }
        martlet.job("Retry") { run in
            struct Wish: Decodable {
                let seconds: Double
                let message: String
                init(from decoder: any Decoder) throws {
                    var list = try decoder.unkeyedContainer()
                    seconds = try list.decode(Double.self)
                    message = try list.decode(String.self)
                }
            }
            let wish = try run.arguments(as: Wish.self)
            throw Retry(seconds: wish.seconds, wish.message)
        }
        martlet.job("Push") { (run: Run, count: Int) in
            for index in 0..<count { try run.push("Child", index, queue: index == 0 ? "low" : nil) }
        }
        martlet.job("PushLarge") { (run: Run, count: Int, size: Int) in
            try run.push((0..<count).map { Child("Child", $0, String(repeating: "x", count: size)) })
        }
        martlet.job("PushThenFail") { (run: Run, message: String) in
            try run.push("Child", 0)
            try outer(message)
        }
        martlet.job("Chunk") { (run: Run, count: Int) in
            let next = try run.checkpoint(as: [String: Int].self)?["next"] ?? 0
            for index in stride(from: next, to: count, by: 2) {
                try run.chunk([Child("Row", index), Child("Row", index + 1)], checkpoint: ["next": index + 2])
            }
        }
        martlet.job("Progress") { run in
            run.progress(40, "page 4 of 10")
            run.progress(100)
        }
        martlet.job("Context", context)
        martlet.job("Length") { (run: Run, text: String) in try run.push("Measured", text.count) }
        martlet.job("Log") { (run: Run, text: String) in
            print(text)
            FileHandle.standardError.write(Data((text + "\n").utf8))
            run.log(.info, "info " + text)
            run.log(.warning, "warning " + text)
        }
        martlet.job("Print") { _ in
            print(#"{"done":1}"#)
            print(#"{"failed":1,"class":"X","message":"y"}"#)
        }
        martlet.job("Together", together)
        martlet.job("Wait") { (run: Run, directory: String) in try await wait(run, directory) }
        martlet.job("Finish") { (run: Run, directory: String) in
            do { try await wait(run, directory) } catch is CancellationError {}
        }
        martlet.job("Crash") { _ in kill(getpid(), SIGKILL) }
        await martlet.run()
    }

    static func outer(_ message: String) throws { try innermost(message) }

    static func innermost(_ message: String) throws { throw Failure("ConformanceError", message) }

    struct Seen: Encodable {
        let jid: String?
        let jobClass: String
        let queue: String
        let attempt: Int
        let checkpoint: JSON
        let inTime: Bool
        let extra: JSON
        let cancelled: Bool

        enum CodingKeys: String, CodingKey {
            case jid, queue, attempt, checkpoint, extra, cancelled
            case jobClass = "class"
            case inTime = "in_time"
        }
    }

    @Sendable static func context(_ run: Run) throws {
        struct Payload: Decodable { let extra: JSON? }
        let remaining = run.remaining ?? 0
        try run.push(
            "Seen",
            Seen(
                jid: run.jid, jobClass: run.jobClass, queue: run.queue, attempt: run.attempt,
                checkpoint: try run.checkpoint(as: JSON.self) ?? .null, inTime: remaining > 0 && remaining <= 60,
                extra: try run.payload(as: Payload.self).extra ?? .null, cancelled: run.isCancelled))
    }

    @Sendable static func together(_ run: Run, count: Int, directory: String) async throws {
        let files = FileManager.default
        _ = files.createFile(atPath: "\(directory)/\(run.jid ?? "none")", contents: nil)
        let start = Date()
        while try files.contentsOfDirectory(atPath: directory).count < count {
            guard Date().timeIntervalSince(start) < 20 else { throw Failure("ConformanceError", "there are too few") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    static func wait(_ run: Run, _ directory: String) async throws {
        run.progress(nil, "waiting")
        let start = Date()
        while !FileManager.default.fileExists(atPath: "\(directory)/go") {
            guard Date().timeIntervalSince(start) < 60 else { throw Failure("ConformanceError", "nobody said go") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
