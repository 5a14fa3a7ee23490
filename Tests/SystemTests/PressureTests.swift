import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Back-pressure by memory")
struct PressureTests {
    /// - Parameter memory: `closed` finds every machine short of memory.
    static func configuration(_ name: String, memory: String) -> String {
        """
        processes: 1
        concurrency: 2
        timeout: 10
        memory: \(memory)
        handlers:
          work: { command: [./mark.sh], classes: [Work], env: { NAME: \(name) } }
        """
    }
    static let closed = "{ pressure: 0%, available: 100% }"
    static let open = "{ pressure: 10%, available: 0% }"
    static let files = ["mark.sh": "#!/bin/sh\necho \"end $NAME $MARTLET_JID\" >> ledger\n"]

    @Test("a worker without memory leaves the jobs in their queue, and one of another host takes them")
    func leavesToOthers() throws {
        try Scene.run(Self.configuration("pressed", memory: Self.closed), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Work", "a"))
            try eventually(within: 30, "the process record says why") {
                try scene.holds().contains { $0.contains("of the memory of the host available") }
            }
            eventually(within: 20, "the log says it") {
                scene.daemon.log.contains("held: memory pressure") && scene.daemon.log.contains("fetching nothing")
            }
            #expect(try scene.jobs.texts() == [Jobs.payload("Work", "a")])
            let text = scene.daemon.martlet(["status"]).output
            #expect(text.contains("held: memory pressure"), "\(text)")
            #expect(scene.daemon.martlet(["status", "--json"]).output.contains(#""held" : "memory pressure"#))
            scene.daemon.signal(.ttin)
            eventually(within: 20, "SIGTTIN says it: \(scene.daemon.log.suffix(1500))") {
                scene.daemon.lines(of: "log").contains {
                    $0.contains("slots busy") && $0.contains("held=") && !$0.contains("held=no")
                }
            }

            let other = Daemon(
                Self.configuration("other", memory: Self.open), server: scene.server, files: Self.files)
            defer { other.end() }
            other.start()
            eventually(within: 30, "the other one does it") { other.lines(of: "ledger") == ["end other a"] }
            #expect(other.stop() == .exited(0))
            #expect(scene.ledger.isEmpty)
            try scene.finish()
        }
    }

    @Test("a reload that changes the limits lets a held service fetch again")
    func reload() throws {
        try Scene.run(Self.configuration("one", memory: Self.closed), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Work", "a"))
            try eventually(within: 30, "it is held") { try !scene.holds().isEmpty }
            #expect(scene.ledger.isEmpty)
            scene.rewrite(Self.configuration("two", memory: Self.open))
            scene.daemon.signal(.hangup)
            eventually(within: 30, "the job is done: \(scene.daemon.log.suffix(1500))") {
                scene.ledger == ["end two a"]
            }
            try eventually(within: 20, "nobody is held any more") { try scene.holds().isEmpty }
            try scene.finish()
        }
    }
}

extension Scene {
    /// Why processes say that they fetch nothing.
    func holds() throws -> [String] {
        let identities = try jobs.call("SMEMBERS", "processes").elements?.compactMap(\.text) ?? []
        return try identities.compactMap { try jobs.call("HGET", $0, "held").text }.filter { !$0.isEmpty }
    }
}
