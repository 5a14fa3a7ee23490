import ArgumentParser
import Glibc
import Platform

/// What mode fork saves, and what a fork takes, with programs of some 200 MB.
struct ForkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fork", abstract: "Measures the memory and the start of children that a large program forks.")

    /// Jobs at once of which the memory is compared with that of one.
    private static let slots = 10

    @Option(help: "Where the kits are.")
    var kits = "Sources/Kits"

    @Option(help: "Forks of which the time is taken.")
    var forks = 50

    @Option(help: "Measure only this language: python or ruby.")
    var only = ""

    func run() throws {
        SignalDescriptor.ignoreBrokenPipes()
        do {
            let patience = try Patience()
            let workshop = try Workshop(patience: patience)
            defer { workshop.remove() }
            let programs: [(language: String, interpreter: String, kit: String, program: String, bytes: [UInt8])] = [
                ("python", "/usr/bin/python3", "martlet.py", "large.py", PackageResources.large_py),
                ("ruby", "/usr/bin/ruby", "martlet.rb", "large.rb", PackageResources.large_rb),
            ]
            for entry in programs where only.isEmpty || only == entry.language {
                guard access(entry.interpreter, X_OK) == 0 else {
                    print("\(entry.language): there is no \(entry.interpreter)")
                    continue
                }
                let kit = try FileDescriptor.open("\(kits)/\(entry.language)/\(entry.kit)", O_RDONLY)
                try workshop.write(try kit.readAll(), to: entry.kit)
                try workshop.write(entry.bytes, to: entry.program)
                let parent = try ForkParent(
                    [entry.interpreter, workshop.file(entry.program)], workshop: workshop, patience: patience)
                defer { parent.end() }
                print(try measure(parent, entry.language))
                fflush(nil)
            }
        } catch BenchError.interrupted(let signal) {
            throw ExitCode(128 + signal.number)
        }
    }

    private func measure(_ parent: ForkParent, _ language: String) throws -> String {
        let alone = parent.proportionalBytes(with: [])
        var seconds: [Double] = []
        for _ in 0..<forks {
            let child = try parent.fork()
            seconds.append(child.startSeconds)
            try parent.end(child)
        }
        seconds.sort()
        // Rows that lie together, as a table that the job is about; and the same number all over the memory.
        let together = try memory(of: parent) { "\($0 * 4300),1" }
        let scattered = try memory(of: parent) { "\($0),99" }
        return """
            \(language): the program alone \(Self.megabytes(alone))
              jobs that look at 1% of the objects, in a piece: \(together)
              jobs that look at 1% of the objects, all over:   \(scattered)
              from the request for a child until it is ready, \(forks) forks: shortest \(Self.milliseconds(seconds[0])), \
            median \(Self.milliseconds(seconds[seconds.count / 2])), longest \(Self.milliseconds(seconds[seconds.count - 1]))
            """
    }

    /// What one child takes together with its parent, and what ten do, when each has done a job.
    private func memory(of parent: ForkParent, _ arguments: (Int) -> String) throws -> String {
        var children: [ForkParent.Child] = []
        var bytes: [Int] = []
        for slot in 0..<Self.slots {
            let child = try parent.fork()
            children.append(child)
            try parent.run(
                slot + 1, #"{"class":"Look","args":[\#(arguments(slot))],"jid":"\#(slot)"}"#, in: child)
            bytes.append(parent.proportionalBytes(with: children))
        }
        for child in children { try parent.end(child) }
        let (one, all) = (bytes[0], bytes[Self.slots - 1])
        return "1 slot \(Self.megabytes(one)), \(Self.slots) slots \(Self.megabytes(all)), "
            + "\(Self.hundredths(Double(all) / Double(one))) times"
    }

    private static func megabytes(_ bytes: Int) -> String { "\((bytes + 1 << 19) >> 20) MB" }
    private static func milliseconds(_ seconds: Double) -> String { "\(hundredths(seconds * 1000)) ms" }

    private static func hundredths(_ number: Double) -> String {
        let count = Int((number * 100).rounded())
        return "\(count / 100).\(count % 100 < 10 ? "0" : "")\(count % 100)"
    }
}
