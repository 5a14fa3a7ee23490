import Platform
import TestSupport
import Testing

@Suite("What a handler is given, and nothing else")
struct HandlerEnvironmentTests {
    static let look = """
        #!/usr/bin/python3
        import os
        fds = []
        for name in os.listdir("/proc/self/fd"):
            try: fds.append((int(name), os.readlink("/proc/self/fd/" + name)))
            except OSError: pass
        with open("look.new", "w") as file:
            for key, value in sorted(os.environ.items()): file.write(f"env {key}={value}\\n")
            for fd, target in sorted(fds):
                if fd != file.fileno(): file.write(f"fd {fd} {target.split(':')[0]}\\n")
            file.write(f"cwd {os.getcwd()}\\n")
            file.write(f"leader {os.getpgid(0) == os.getpid()}\\n")
            for line in open("/proc/self/status"):
                if line.startswith(("SigBlk", "SigIgn", "NoNewPrivs")): file.write(" ".join(line.split()) + "\\n")
        os.rename("look.new", "look")
        if "MARTLET_OUT" in os.environ:
            os.write(4, b'{"ready":true}\\n')
            for line in os.fdopen(3):
                if '"run"' in line: os.write(4, b'{"done":' + line.split(":")[1].split(",")[0].encode() + b"}\\n")
        """

    static func configuration(_ mode: String) -> String {
        """
        concurrency: 1
        handlers:
          look:
            command: [./look.py]
            classes: [Look]
            mode: \(mode)
            timeout: 1h
            env: { COLOUR: blå, PATH: /usr/bin:/bin }
        """
    }

    @Test("a library that is preloaded into the daemon is preloaded into its workers, and not into handlers")
    func preloaded() throws {
        let preload = "LD_PRELOAD=\(ChaosPrograms.clock)"
        try Scene.run(Self.configuration("spawn"), files: ["look.py": Self.look], environment: [preload]) { scene in
            try scene.jobs.push(Jobs.payload("Look", "j"))
            eventually(within: 30, "it has looked around") { !scene.daemon.lines(of: "look").isEmpty }
            #expect(scene.daemon.workers.allSatisfy { ProcessIdentity.environment(of: $0)?.contains(preload) == true })
            #expect(!scene.daemon.text(of: "look").contains("LD_PRELOAD"))
            try scene.finish()
        }
    }

    @Test("spawn: a clean environment with the job's facts, and descriptors 0, 1, 2 and 4")
    func spawned() throws {
        try Scene.run(
            Self.configuration("spawn"), files: ["look.py": Self.look],
            environment: ["SECRET_TOKEN=hunter2", "MARTLET_LOG_LEVEL=info"]
        ) { scene in
            try scene.jobs.push(Jobs.payload("Look", "j"))
            eventually(within: 30, "it has looked around") { !scene.daemon.lines(of: "look").isEmpty }
            let lines = scene.daemon.lines(of: "look")
            let names = lines.filter { $0.hasPrefix("env ") }.map { $0.dropFirst(4).split(separator: "=")[0] }
            #expect(
                names == [
                    "COLOUR", "HOME", "LANG", "MARTLET_ATTEMPT", "MARTLET_CLASS", "MARTLET_DEADLINE", "MARTLET_JID",
                    "MARTLET_PROTOCOL", "MARTLET_QUEUE", "PATH", "USER",
                ])
            for line in [
                "env COLOUR=blå", "env PATH=/usr/bin:/bin", "env MARTLET_JID=j", "env MARTLET_CLASS=Look",
                "env MARTLET_QUEUE=default", "env MARTLET_ATTEMPT=1", "env MARTLET_PROTOCOL=1",
                "cwd \(scene.daemon.directory.path)", "leader True", "SigBlk: 0000000000000000", "NoNewPrivs: 1",
            ] {
                #expect(lines.contains(line), "\(line) in \(lines)")
            }
            // Python itself ignores SIGPIPE (bit 12) and SIGXFSZ (bit 24).
            #expect(lines.contains("SigIgn: 0000000001001000"))
            #expect(lines.filter { $0.hasPrefix("fd ") } == ["fd 0 pipe", "fd 1 pipe", "fd 2 pipe", "fd 4 pipe"])
            try scene.finish()
        }
    }

    @Test("serve: the same without a job's facts, and descriptors 0 to 4")
    func served() throws {
        try Scene.run(
            Self.configuration("serve"), files: ["look.py": Self.look], environment: ["SECRET_TOKEN=hunter2"]
        ) { scene in
            try scene.jobs.push(Jobs.payload("Look", "j"))
            try eventually(within: 30, "the job is done") { try scene.jobs.number("stat:processed") == 1 }
            let lines = scene.daemon.lines(of: "look")
            let names = lines.filter { $0.hasPrefix("env ") }.map { $0.dropFirst(4).split(separator: "=")[0] }
            #expect(
                names == ["COLOUR", "HOME", "LANG", "MARTLET_IN", "MARTLET_OUT", "MARTLET_PROTOCOL", "PATH", "USER"])
            #expect(
                lines.filter { $0.hasPrefix("fd ") } == [
                    "fd 0 /dev/null", "fd 1 pipe", "fd 2 pipe", "fd 3 pipe", "fd 4 pipe",
                ])
            try scene.finish()
        }
    }

    @Test("what a handler prints is the daemon's log, with jid, class and handler")
    func output() throws {
        try Scene.run(
            """
            concurrency: 1
            handlers:
              talker: { command: [./talk.sh], classes: [Talk] }
            """, files: ["talk.sh": "#!/bin/sh\necho good morning\necho bad weather >&2\n"]
        ) { scene in
            try scene.jobs.push(Jobs.payload("Talk", "t1"))
            eventually(within: 30, "both lines are logged") {
                ["good morning", "bad weather"].allSatisfy { text in
                    scene.daemon.lines(of: "log").contains { line in
                        line.contains(text) && line.contains("t1") && line.contains("talker") && line.contains("Talk")
                    }
                }
            }
            try scene.finish()
        }
    }
}
