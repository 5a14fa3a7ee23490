import Foundation
import Platform

/// The programs of Tests/EvilHandlers, each of which misbehaves in one way and says so in its first lines.
package enum EvilProgram {
    /// Where they lie.
    package static let directory: String = {
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(tests)/EvilHandlers"
    }()

    private static let binaries = TemporaryDirectory()
    private static let compiled = Monitor<Set<String>>([])

    /// The path of a program: "NAME.sh" and "NAME.py" as they lie there, "NAME" compiled from "NAME.c" once.
    package static func path(_ name: String) -> String {
        if name.contains(".") { return "\(directory)/\(name)" }
        let program = "\(binaries.path)/\(name)"
        compiled.withLock { done in
            guard done.insert(name).inserted else { return }
            chmod(binaries.path, 0o755)
            let result = Program.run(["/usr/bin/cc", "-O1", "-Wall", "-o", program, "\(directory)/\(name).c"])
            precondition(result.code == 0, "cannot compile \(name).c: \(result.errors)")
        }
        return program
    }
}
