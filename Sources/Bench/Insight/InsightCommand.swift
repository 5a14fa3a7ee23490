import ArgumentParser
import Glibc
import Platform

/// Puts what Martlet says about jobs to the test, with handlers whose cost is known.
struct InsightCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "insight", abstract: "Compares what Martlet measures and advises with what is true.")

    @Option(help: "The binary to measure.")
    var martlet = ".build/release/martlet"

    @Flag(help: "Fewer runs: some minutes.")
    var quick = false

    @Option(help: "Test only claims whose name contains this.")
    var only = ""

    func run() throws {
        let scale = quick ? InsightScale.quick : .full
        SignalDescriptor.ignoreBrokenPipes()
        do {
            try Rig.with(martlet: martlet) { rig in
                let claims = InsightSuite.claims(Sweep(rig, seconds: scale.sweepSeconds))
                    .filter { only.isEmpty || $0.name.contains(only) }
                guard !claims.isEmpty else { throw ValidationError("no claim's name contains \"\(only)\"") }
                print(try Machine(rig.server).text)
                for claim in claims {
                    Progress.show(claim.name)
                    let finding = try claim.measure(rig, scale)
                    Progress.end()
                    let verdict = finding.isReached ? "reached" : "MISSED"
                    print("\(claim.name)\n  wanted   \(claim.target)\n  \(verdict)  \(finding.measured)")
                    fflush(nil)  // Each takes its time.
                }
            }
        } catch BenchError.interrupted(let signal) {
            throw ExitCode(128 + signal.number)
        }
    }
}
