import Platform
import TestSupport
import Testing

/// H17.
@Suite("A handler's environment, byte for byte")
struct EnvironmentTests {
    @Test("is the documented list in the documented order, and not a byte more", arguments: ["spawn", "serve"])
    func bytes(mode: String) throws {
        try Scene.run(
            """
            concurrency: 1
            handlers:
              curious:
                command: [\(EvilProgram.path("environment.sh")), ./seen]
                classes: [Curious]
                mode: \(mode)
                env: { EMPTY: "", ODD: " a=b\\n\\"ü\\" ", LD_PRELOAD_NOT: x, LANG: de_DE.UTF-8 }
            """,
            environment: [
                "LD_LIBRARY_PATH=/nonexistent", "NOTIFY_SOCKET=/nonexistent/notify", "REDIS_PASSWORD=hunter2",
                "CREDENTIALS_DIRECTORY=/nonexistent", "MARTLET_LOG_LEVEL=info", "MARTLET_CLASS=stolen",
            ]
        ) { scene in
            try scene.jobs.push(Jobs.payload("Curious", "j1"))
            eventually(within: 30, "it has looked") { scene.daemon.bytes(of: "seen") != nil }
            let owner = Credentials.current()
            var expected = [
                "EMPTY=", "HOME=\(owner.home)", "LANG=de_DE.UTF-8", "LD_PRELOAD_NOT=x", "MARTLET_PROTOCOL=1",
                "ODD= a=b\n\"ü\" ", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "USER=\(owner.user)",
            ]
            expected +=
                mode == "spawn"
                ? ["MARTLET_JID=j1", "MARTLET_CLASS=Curious", "MARTLET_QUEUE=default", "MARTLET_ATTEMPT=1"]
                : ["MARTLET_IN=3", "MARTLET_OUT=4"]
            let seen = scene.daemon.bytes(of: "seen") ?? []
            #expect(seen == expected.flatMap { Array($0.utf8) + [0] }, "\(Jobs.text(seen))")
            try eventually(within: 30, "the job is done") { try scene.jobs.number("stat:processed") == 1 }
            try scene.finish()
        }
    }
}
