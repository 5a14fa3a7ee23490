import ArgumentParser
import Glibc
import Platform

/// Measures Martlet beside the limits of the machine; docs/reference/performance.md says what is measured and how.
struct SpeedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "speed", abstract: "Measures Martlet beside the limits of this machine.")

    @Option(help: "The binary to measure.")
    var martlet = ".build/release/martlet"

    @Flag(help: "Fewer jobs and repetitions: about a minute.")
    var quick = false

    @Option(help: "How often each scenario is measured (default: 5, with --quick 1).")
    var repetitions: Int?

    @Option(help: "Measure only scenarios whose name contains this, and their limits.")
    var only = ""

    @Flag(help: "Print the table as JSON.")
    var json = false

    @Option(help: "Write what each scenario came to, of its limit, to this file: a baseline.")
    var baseline: String?

    @Option(help: "Fail if one came to less than in this baseline, by more than a margin.")
    var check: String?

    func validate() throws {
        guard repetitions ?? 1 > 0 else { throw ValidationError("--repetitions must be at least 1") }
    }

    func run() throws {
        let scale = quick ? Scale.quick : .full
        let suite = Suite(scale).scenarios(matching: only)
        guard !suite.isEmpty else { throw ValidationError("no scenario's name contains \"\(only)\"") }
        SignalDescriptor.ignoreBrokenPipes()
        do {
            let table = try Rig.measure(suite, repetitions: repetitions ?? scale.repetitions, martlet: martlet)
            print(json ? try table.json() : table.text())
            if let baseline { try write(Baseline(table.figures), to: baseline) }
            if let check { try compare(table, with: check) }
        } catch BenchError.interrupted(let signal) {
            // Whatever was started has been stopped on the way here.
            throw ExitCode(128 + signal.number)
        }
    }

    private func write(_ baseline: Baseline, to path: String) throws {
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        if let code = Array(try baseline.json().utf8).withUnsafeBytes({ file.writeAll($0) }) {
            throw SystemError(code: code, doing: "write \(path)")
        }
    }

    private func compare(_ table: Table, with path: String) throws {
        let baseline = try Baseline(json: try FileDescriptor.open(path, O_RDONLY).readAll())
        let complaints = baseline.complaints(about: table.figures, latencies: table.latencies)
        guard complaints.isEmpty else {
            say("\nWorse than \(path):\n" + complaints.map { "  \($0)" }.joined(separator: "\n"))
            throw ExitCode.failure
        }
        say("\nNothing is worse than in \(path) by more than the margins.")
    }

    /// On standard error: with --json the table is for a program.
    private func say(_ text: String) {
        fflush(nil)  // The table comes before the verdict.
        let bytes = Array("\(text)\n".utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
