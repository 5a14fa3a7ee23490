import Platform
import TestSupport
import Testing

@Suite("martlet dev")
struct DevTests {
    static let configuration = """
        concurrency: 1
        timeout: 3
        log: { format: json }
        handlers:
          spawned: { command: [./ledger.sh], classes: [Job] }
        """

    @Test("runs as run does, with the log as text, whatever the file says")
    func text() throws {
        let server = RedisServer()
        let daemon = Daemon(Self.configuration, server: server, files: Programs.all, command: "dev")
        let scene = Scene(server: server, daemon: daemon, jobs: try Jobs(server))
        defer {
            daemon.end()
            server.stop()
        }
        daemon.start()
        #expect(daemon.martlet(["push", "Job"]).code == 0)
        eventually(within: 30, "the job is done") { daemon.log.contains(" done class=Job") }
        #expect(!daemon.log.contains("{\"time\""))
        try scene.finish()
    }
}
