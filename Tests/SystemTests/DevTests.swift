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

    static let handler = """
        import martlet

        @martlet.job("Greeting")
        def greeting(name):
            print("Hello, %s!" % name)

        if __name__ == "__main__":
            martlet.run()
        """

    @Test("a handler does what its file says now: it is replaced when that changes")
    func replaced() throws {
        let configuration = """
            redis: embedded
            concurrency: 1
            handlers:
              greetings: { command: [python3, greeting.py], classes: [Greeting], mode: serve }
            """
        let daemon = Daemon(configuration, server: nil, files: ["greeting.py": Self.handler], command: "dev")
        defer { daemon.end() }
        #expect(
            Program.run([Program.martlet, "new", "python", "Other"], directory: daemon.directory.path).code == 0,
            "for the kit")
        daemon.start()
        #expect(daemon.martlet(["push", "Greeting", "Ada"]).code == 0)
        eventually(within: 30, "the first job is done") { daemon.log.contains("Hello, Ada! class=Greeting") }
        daemon.write(Self.handler.replacing("Hello", with: "Good morning"), to: "greeting.py")
        // Which of the two does a job is known by what it prints.
        eventually(within: 30, "the new file is in force") {
            _ = daemon.martlet(["push", "Greeting", "Bob"])
            return daemon.log.contains("Good morning, Bob! class=Greeting")
        }
        #expect(daemon.stop() == .exited(0))
        #expect(daemon.survivors.isEmpty)
    }
}
