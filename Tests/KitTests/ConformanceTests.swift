import TestSupport
import Testing

@Suite("Every kit does what the protocol says")
struct ConformanceTests {
    @Test(
        "jobs of every kind end as they should with the Python kit",
        .enabled(if: Kit.python.isInstalled, "python3 is missing"), arguments: modes(of: .python))
    func python(_ mode: Mode) throws { try conform(.python, mode) }

    @Test(
        "jobs of every kind end as they should with the Ruby kit",
        .enabled(if: Kit.ruby.isInstalled, "ruby is missing"),
        arguments: modes(of: .ruby))
    func ruby(_ mode: Mode) throws { try conform(.ruby, mode) }

    @Test(
        "jobs of every kind end as they should with the Node kit",
        .enabled(if: Kit.node.isInstalled, "nodejs is missing"),
        arguments: modes(of: .node))
    func node(_ mode: Mode) throws { try conform(.node, mode) }

    @Test(
        "jobs of every kind end as they should with the shell kit",
        .enabled(if: Kit.shell.isInstalled, "bash is missing"),
        arguments: modes(of: .shell))
    func shell(_ mode: Mode) throws { try conform(.shell, mode) }

    @Test(
        "jobs of every kind end as they should with the Swift kit",
        .enabled(if: Kit.swift.isInstalled, "KitFixture is missing"), arguments: modes(of: .swift))
    func swift(_ mode: Mode) throws { try conform(.swift, mode) }

    private static func modes(of kit: Kit) -> [Mode] { kit.modes }

    /// Runs all cases, several at once where the mode allows it.
    private func conform(_ kit: Kit, _ mode: Mode) throws {
        let slots = mode == .spawn || mode == .threads ? 4 : 1
        let executable = try #require(kit.executable, "\(kit.file) is missing")
        let rig = try KitRig(kit.settings(mode, executable: executable), slots: slots)
        let cases = try KitCase.all().filter { $0.isMeant(for: kit, mode) }
        var runs: [(KitCase, Int)] = []
        for together in cases where !together.isAlone {
            runs.append((together, try start(together, in: rig, directory: "/nonexistent")))
        }
        #expect(rig.finish(runs.map(\.1)), "not all jobs ended")
        for alone in cases where alone.isAlone {
            let directory = TemporaryDirectory()
            let numbers = try (0..<alone.times).map { _ in try start(alone, in: rig, directory: directory.path) }
            #expect(rig.finish(numbers), "\(alone.name)")
            runs += numbers.map { (alone, $0) }
        }
        for (told, number) in runs {
            let account = try #require(rig.accounts[number])
            // What a process prints comes by another pipe than its answer.
            if told.members["log"] != nil {
                rig.turn(within: 5) { (try? told.objections(to: account, of: kit, log: rig.lines).isEmpty) ?? true }
            }
            let objections = try told.objections(to: account, of: kit, log: rig.lines)
            #expect(objections.isEmpty, "\(told.name): \(objections.joined(separator: "; "))")
        }
        if mode == .serve || mode == .threads {
            #expect(rig.pids.count == 1, "one process does all jobs until it dies")
        }
    }

    private func start(_ told: KitCase, in rig: KitRig, directory: String) throws -> Int {
        let jid = String(UInt64.random(in: .min ... .max), radix: 16)
        return try rig.start(told.payload(directory: directory, jid: jid), queue: told.queue)
    }
}
