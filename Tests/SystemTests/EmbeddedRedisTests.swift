import Foundation
import Platform
import TestSupport
import Testing

@Suite("redis: embedded")
struct EmbeddedRedisTests {
    static let configuration = """
        redis: embedded
        concurrency: 2
        timeout: 3
        handlers:
          spawned: { command: [./ledger.sh], classes: [Job] }
        """

    private func status(_ daemon: Daemon) -> [String: Any] {
        Jobs.object(Array(daemon.martlet(["status", "--json"]).output.utf8))
    }

    @Test("runs a server of its own that push and status find, and whose data survive a restart")
    func lifeOfData() throws {
        let daemon = Daemon(Self.configuration, server: nil, files: Programs.all)
        defer { daemon.end() }
        daemon.start()
        let push = daemon.martlet(["push", "Job", "1"])
        #expect(push.code == 0, "\(push.errors)")
        let jid = push.output.split(separator: "\n").first.map(String.init) ?? "none"
        eventually(within: 30, "the job is done") { daemon.lines(of: "ledger").contains("end Job \(jid) 1") }
        #expect(daemon.martlet(["push", "Job", "2", "--in", "1h"]).code == 0)
        #expect(daemon.martlet(["push", "Job", "3", "--queue", "elsewhere"]).code == 0)
        #expect(daemon.stop() == .exited(0))
        #expect(daemon.survivors.isEmpty, "the server is gone too")
        #expect(daemon.martlet(["status"]).code == 69, "nobody is there to ask")

        daemon.start()
        let after = status(daemon)
        #expect(after["scheduled"] as? Int == 1)
        #expect(after["processed"] as? Int == 1)
        let queues = after["queues"] as? [[String: Any]] ?? []
        #expect(queues.first { $0["name"] as? String == "elsewhere" }?["size"] as? Int == 1)
        #expect(daemon.stop() == .exited(0))
        #expect(daemon.survivors.isEmpty)
    }

    @Test("kill -9 of its server or of the supervisor loses nothing")
    func crashes() throws {
        let daemon = Daemon(Self.configuration, server: nil, files: Programs.all)
        defer { daemon.end() }
        daemon.start()
        #expect(daemon.martlet(["push", "Job", "--in", "1h"]).code == 0)
        let servers = ProcessTree.children(of: daemon.pid).filter {
            Daemon.arguments(of: $0).joined().contains("redis-server")
        }
        #expect(servers.count == 1)
        for pid in servers { kill(pid, SIGKILL) }
        eventually(within: 30, "another server answers with the job") { status(daemon)["scheduled"] as? Int == 1 }
        let push = daemon.martlet(["push", "Job"])
        let jid = push.output.split(separator: "\n").first.map(String.init) ?? "none"
        eventually(within: 30, "work goes on") { daemon.lines(of: "ledger").contains("end Job \(jid) 1") }

        daemon.signal(.kill)
        daemon.waitForExit()
        eventually(within: 20, "nobody is left") { daemon.survivors.isEmpty }
        daemon.start()
        #expect(status(daemon)["scheduled"] as? Int == 1)
        #expect(daemon.stop() == .exited(0))
        #expect(daemon.survivors.isEmpty)
    }

    @Test("a second daemon on the same data is refused")
    func second() throws {
        let daemon = Daemon(Self.configuration, server: nil, files: Programs.all)
        defer { daemon.end() }
        daemon.start()
        let second = Program.run(
            [Program.martlet, "run", "-C", daemon.path("martlet.yml")],
            environment: Program.cleanEnvironment + ["XDG_STATE_HOME=\(daemon.path("state"))"])
        #expect(second.code != 0 && second.errors.contains("in use by another Martlet"))
        #expect(daemon.stop() == .exited(0))
        #expect(daemon.survivors.isEmpty)
    }
}
