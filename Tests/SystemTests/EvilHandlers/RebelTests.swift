import Foundation
import Platform
import TestSupport
import Testing

/// H14. A handler with the daemon's own user can do whatever that user can; docs/explanation/misbehaving-handlers.md says
/// so, and PoisonTests what follows when it kills its worker.
@Suite(
    "A handler with a user of its own",
    .enabled(if: geteuid() == 0, "only root can start a handler as another user"))
struct RebelTests {
    @Test("is that user whole, and can neither harm the daemon nor become root again", arguments: ["spawn", "serve"])
    func rebels(mode: String) throws {
        let result = TemporaryDirectory()
        let nobody = try #require(try Credentials.named("nobody"))
        // Its own: where everybody may write nobody would let it read its program.
        chown(result.path, nobody.uid, nobody.gid)
        try Scene.run(
            """
            concurrency: 1
            handlers:
              rebel:
                command: [\(EvilProgram.path("rebels.py")), \(result.path)/report]
                classes: [Rebel]
                mode: \(mode)
                user: nobody
                directory: /
                timeout: 1m
            """
        ) { scene in
            let worker = scene.daemon.workers
            try scene.jobs.push(Jobs.payload("Rebel", "r"))
            try eventually(within: 60, "it has tried") { try scene.jobs.number("stat:processed") == 1 }
            let lines = Program.text(of: result.path + "/report").split(separator: "\n").map(String.init)
            let refused = ["Operation not permitted", "Permission denied"]
            let tries = lines.prefix { !$0.hasPrefix("HOME=") }
            #expect(tries.count == 10)
            for line in tries {
                #expect(refused.contains { line.hasSuffix(": \($0)") }, "\(line)")
            }
            let ids = [String](repeating: String(nobody.uid), count: 4).joined(separator: " ")
            let gids = [String](repeating: String(nobody.gid), count: 4).joined(separator: " ")
            #expect(lines.contains("HOME=\(nobody.home)"))
            #expect(lines.contains("USER=nobody"))
            #expect(lines.contains("Uid: \(ids)"))
            #expect(lines.contains("Gid: \(gids)"))
            #expect(lines.contains("Groups: \(nobody.groups.map(String.init).joined(separator: " "))"))
            #expect(lines.contains("CapEff: 0000000000000000"))
            #expect(lines.contains("CapPrm: 0000000000000000"))
            #expect(lines.contains("NoNewPrivs: 1"))
            #expect(scene.daemon.workers == worker)
            #expect(try scene.jobs.number("stat:failed") == 0)
            try scene.finish()
        }
    }

    @Test("has the supplementary groups of that user, and none of the daemon's")
    func groups() throws {
        // No account of a plain system has any, so these are made up.
        let credentials = Credentials(
            user: "nobody", uid: 65534, gid: 65534, groups: [65534, 4242, 4343], home: "/nonexistent")
        let out = try FileDescriptor.pipe()
        var spec = ProcessSpec(
            executable: "/bin/sh", arguments: ["sh", "-c", "grep ^Groups: /proc/self/status"],
            environment: Program.cleanEnvironment, descriptors: [(1, out.write.raw)])
        spec.credentials = credentials
        let child = try spec.spawn()
        _ = consume out.write
        #expect(child.wait(until: .now().advanced(bySeconds: 20))?.status == .exited(0))
        let groups = String(decoding: try out.read.readAll(), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        #expect(Set(groups.dropFirst()) == ["65534", "4242", "4343"])
    }

    @Test("is ended by its time limit all the same", arguments: ["spawn", "serve"])
    func timeLimit(mode: String) throws {
        try Scene.run(
            """
            concurrency: 1
            handlers:
              sleeper:
                command: [\(EvilProgram.path("ignores-term.sh"))]
                classes: [Sleeper]
                mode: \(mode)
                user: nobody
                directory: /
                timeout: 1s
                grace: 200ms
            """
        ) { scene in
            try scene.jobs.push(Jobs.payload("Sleeper", "s"))
            try eventually(within: 30, "it has timed out") { try scene.jobs.object("s", in: "retry") != nil }
            #expect(try scene.jobs.object("s", in: "retry")?["error_class"] as? String == "Timeout")
            try scene.finish(leaving: ["retry"])
        }
    }
}
