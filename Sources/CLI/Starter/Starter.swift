import CKits
import Platform

/// The files that `martlet new` writes: a handler, its configuration, and the kit beside them.
struct Starter {
    struct File: Equatable {
        let name: String
        let bytes: [UInt8]
        /// It is the same for all handlers of a language, so that one that is there already will do.
        let isShared: Bool
    }

    let name: StarterName
    let language: StarterLanguage

    /// The file of the handler, and that of its configuration.
    var handler: String { "\(name.stem).\(language.suffix)" }
    var configuration: String { "\(name.stem).yml" }

    var files: [File] {
        [
            File(name: handler, bytes: filled("new/job.\(language.suffix)"), isShared: false),
            File(name: language.kit, bytes: Self.embedded("\(language.rawValue)/\(language.kit)"), isShared: true),
            File(name: configuration, bytes: filled("new/job.yml"), isShared: false),
        ]
    }

    /// What to do next, one command a line.
    var commands: [String] {
        ["try \(name.text) Ada -C \(configuration)", "check -C \(configuration)", "run -C \(configuration)"].map {
            "martlet \($0)"
        }
    }

    private func filled(_ path: String) -> [UInt8] {
        let modules = name.modules.map { "\nmodule \($0); end" }.joined()
        let text = String(decoding: Self.embedded(path), as: UTF8.self)
            .replacing("@CLASS@", with: name.text).replacing("@STEM@", with: name.stem)
            .replacing("@FILE@", with: handler).replacing("@INTERPRETER@", with: language.interpreter)
            .replacing("@MODULES@", with: modules)
        return Array(text.utf8)
    }

    private static func embedded(_ path: String) -> [UInt8] {
        guard let file = ckits_find(path)?.pointee else { preconditionFailure("\(path) is part of this program") }
        return Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
    }
}
