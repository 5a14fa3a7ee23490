import Glibc
import Testing

@Suite("Every kit reads and writes the lines of the protocol")
struct WireTests {
    @Test("the Python kit does", .enabled(if: Kit.python.isInstalled, "python3 is missing"))
    func python() throws { try play(.python) }

    @Test("the Ruby kit does", .enabled(if: Kit.ruby.isInstalled, "ruby is missing"))
    func ruby() throws { try play(.ruby) }

    @Test("the Node kit does", .enabled(if: Kit.node.isInstalled, "nodejs is missing"))
    func node() throws { try play(.node) }

    @Test("the shell kit does", .enabled(if: Kit.shell.isInstalled, "bash is missing"))
    func shell() throws { try play(.shell) }

    @Test("the Swift kit does", .enabled(if: Kit.swift.isInstalled, "KitFixture is missing"))
    func swift() throws { try play(.swift) }

    private func play(_ kit: Kit) throws {
        signal(SIGPIPE, SIG_IGN)
        for transcript in try Transcript.all() where transcript.isMeant(for: kit) {
            let process = try WireProcess(kit)
            let objection = try transcript.play(with: process)
            #expect(objection == nil, "\(transcript.name): \(objection ?? "")\n\(process.log)")
        }
    }
}
