import Foundation
package import Platform

/// A program run to its end: what it printed and how it ended.
package struct Program: Sendable {
    package let status: ExitStatus
    package let output: String
    package let errors: String

    /// Its exit status, nil if a signal ended it.
    package var code: Int32? { if case .exited(let code) = status { code } else { nil } }

    /// - Parameters:
    ///   - arguments: argv with the program's absolute path first.
    ///   - input: its standard input.
    ///   - environment: "NAME=value", exactly these.
    package static func run(
        _ arguments: [String], input: [UInt8] = [], environment: [String] = Program.cleanEnvironment,
        directory: String? = nil, within seconds: Double = 60
    ) -> Program {
        let scratch = TemporaryDirectory()
        do {
            let (output, errors) = (scratch.path + "/output", scratch.path + "/errors")
            let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC
            let standardInput = try FileDescriptor.memory("input", containing: input)
            let standardOutput = try FileDescriptor.open(output, flags)
            let standardError = try FileDescriptor.open(errors, flags)
            let child = try ProcessSpec(
                executable: arguments[0], arguments: arguments, environment: environment, directory: directory,
                descriptors: [(0, standardInput.raw), (1, standardOutput.raw), (2, standardError.raw)]
            ).spawn()
            let report = child.wait(until: .now().advanced(bySeconds: seconds))
            child.signalGroup(.kill)
            let status = report?.status ?? child.wait(until: .never)?.status ?? .exited(-1)
            return Program(status: status, output: text(of: output), errors: text(of: errors))
        } catch {
            preconditionFailure("cannot run \(arguments[0]): \(error)")
        }
    }

    /// What a shell of a fresh login would have, and no more.
    package static let cleanEnvironment = [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent",
        "SWIFT_BACKTRACE=enable=no",
    ]

    /// The binary these tests were built with: it lies beside them.
    package static let martlet =
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path + "/martlet"

    /// The text of a file; empty if there is none. What is no UTF-8 is replaced.
    package static func text(of path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
