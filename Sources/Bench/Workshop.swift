import Foundation
import Glibc
import Platform

/// A temporary directory with the programs of the bench, compiled here and now by `cc -O2`.
final class Workshop {
    let path: String
    private let patience: Patience

    private static let sources: [(name: String, bytes: [UInt8])] = [
        ("team.h", PackageResources.team_h), ("serve.c", PackageResources.serve_c),
        ("serve.py", PackageResources.serve_py), ("burn.h", PackageResources.burn_h),
        ("burning.c", PackageResources.burning_c), ("delay.c", PackageResources.delay_c),
        ("spawn.c", PackageResources.spawn_c), ("moves.c", PackageResources.moves_c),
        ("spawning.c", PackageResources.spawning_c), ("turn.c", PackageResources.turn_c),
        ("truth.c", PackageResources.truth_c), ("kit.py", PackageResources.kit_py), ("kit.rb", PackageResources.kit_rb),
        ("kit.mjs", PackageResources.kit_mjs), ("kit.sh", PackageResources.kit_sh),
    ]
    private static let programs: [(name: String, flags: [String])] = [
        ("serve", []), ("spawn", ["-static"]), ("moves", ["-lhiredis"]), ("spawning", []), ("turn", ["-lhiredis"]),
        ("burning", []), ("delay", []), ("truth", ["-pthread"]),
    ]

    init(patience: Patience) throws {
        self.patience = patience
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/martlet-bench.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError.last("make a directory in \(parent)") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        do {
            for source in Self.sources { try write(source.bytes, to: source.name) }
            for program in Self.programs {
                _ = try run(
                    "/usr/bin/cc",
                    ["-O2", "-o", file(program.name), file("\(program.name).c")] + program.flags)
            }
        } catch {
            remove()
            throw error
        }
    }

    func remove() {
        // A directory that cannot be removed is no reason to lose the table.
        try? FileManager.default.removeItem(atPath: path)
    }

    func remove(_ name: String) { unlink(file(name)) }
    func exists(_ name: String) -> Bool { access(file(name), F_OK) == 0 }

    /// The absolute path of a file here.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: [UInt8], to name: String) throws {
        let file = try FileDescriptor.open(file(name), O_WRONLY | O_CREAT | O_TRUNC)
        if let code = bytes.withUnsafeBytes({ file.writeAll($0) }) {
            throw SystemError(code: code, doing: "write \(name)")
        }
    }

    /// The file as text, empty if there is none.
    func text(_ name: String) -> String {
        guard let file = try? FileDescriptor.open(file(name), O_RDONLY), let bytes = try? file.readAll() else {
            return ""
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a program is started with: it finds the system's programs, its output goes to a file of this directory, and
    /// it gets a signal should the bench be killed.
    func spec(_ executable: String, _ arguments: [String], output: Int32, onDeath signal: Signal) -> ProcessSpec {
        ProcessSpec(
            executable: executable, arguments: [executable] + arguments,
            environment: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(path)"],
            descriptors: [(1, output), (2, output)], parentDeathSignal: signal)
    }

    /// Runs a program to its end.
    ///
    /// - Returns: what it wrote and how it ended. Killed, with its group, if the bench is to stop meanwhile.
    func run(_ executable: String, _ arguments: [String]) throws -> (output: String, report: ExitReport) {
        let pipe = try FileDescriptor.pipe()
        let write = pipe.write
        let read = pipe.read
        let child = try spec(executable, arguments, output: write.raw, onDeath: .kill).spawn()
        _ = consume write
        var report: ExitReport?
        defer {
            if report == nil {
                child.signalGroup(.kill)
                _ = child.wait(until: .never)
            }
        }
        // Programs of the bench write a line or two, which a pipe holds: it is read when they have ended.
        while report == nil {
            try patience.wait(seconds: 600, reading: child.pidfd)
            report = child.reap()
        }
        let output = String(decoding: try read.readAll(), as: UTF8.self)
        guard let report, report.status == .exited(0) else {
            throw BenchError.failed("\(executable): \(report.map { "\($0.status)" } ?? "")\n\(output)")
        }
        return (output, report)
    }
}
