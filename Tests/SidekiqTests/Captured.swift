import Foundation
import Testing

/// A file of Tests/Fixtures/sidekiq-corpus.
struct Captured: CustomTestStringConvertible {
    /// "VERSION/PLACE/NAME".
    let name: String
    let text: String

    /// `queue`, `schedule`, `retry` or `dead`.
    var place: String { String(name.split(separator: "/")[1]) }

    var queue: String { JSON.object(text)["queue"] as? String ?? "default" }

    var testDescription: String { name }

    static let all: [Captured] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/sidekiq-corpus")
        let found = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return found.filter { $0.hasSuffix(".json") }.sorted().map {
            let bytes = FileManager.default.contents(atPath: root.appending(path: $0).path) ?? Data()
            return Captured(name: String($0.dropLast(5)), text: String(decoding: bytes, as: UTF8.self))
        }
    }()

    /// Those that are jobs.
    static let jobs = all.filter { !$0.name.hasSuffix("not-json") }
}
