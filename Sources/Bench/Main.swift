import ArgumentParser
import Platform

/// Measures Martlet beside the limits of the machine; docs/reference/performance.md says what is measured and how.
@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures Martlet beside the limits of this machine, on a Redis of its own.")

    @Option(help: "The binary to measure.")
    var martlet = ".build/release/martlet"

    @Flag(help: "Fewer jobs and repetitions: about a minute.")
    var quick = false

    @Option(help: "How often each scenario is measured (default: 5, with --quick 3).")
    var repetitions: Int?

    @Option(help: "Measure only scenarios whose name contains this, and their limits.")
    var only = ""

    @Flag(help: "Print the table as JSON.")
    var json = false

    func validate() throws {
        guard repetitions ?? 1 > 0 else { throw ValidationError("--repetitions must be at least 1") }
    }

    func run() throws {
        let suite = Suite(quick ? .quick : .full).scenarios(matching: only)
        guard !suite.isEmpty else { throw ValidationError("no scenario's name contains \"\(only)\"") }
        SignalDescriptor.ignoreBrokenPipes()
        do {
            let table = try Rig.measure(suite, repetitions: repetitions ?? (quick ? 3 : 5), martlet: martlet)
            print(json ? try table.json() : table.text())
        } catch BenchError.interrupted(let signal) {
            // Whatever was started has been stopped on the way here.
            throw ExitCode(128 + signal.number)
        }
    }
}
