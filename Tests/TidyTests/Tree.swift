import Foundation

/// The tree these tests were built from.
enum Tree {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct File: Sendable {
        /// From the root: "Sources/Worker/Slot.swift".
        let path: String
        let text: String
        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        /// The folder beneath Sources or Tests.
        var module: String { String(path.split(separator: "/")[1]) }
    }

    /// Every file beneath a folder whose name ends so.
    static func files(in folder: String, _ suffix: String) -> [File] {
        let base = root.appendingPathComponent(folder)
        let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().map {
            File(path: "\(folder)/\($0)", text: text("\(folder)/\($0)"))
        }
    }

    static func text(_ path: String) -> String {
        let data = FileManager.default.contents(atPath: root.appendingPathComponent(path).path)
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    static func entries(of folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)) ?? [])
            .sorted()
    }

    /// A line without what follows `//`. Good enough for a search: a string with `//` in it loses its rest.
    static func code(_ line: Substring) -> Substring {
        line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
    }
}
