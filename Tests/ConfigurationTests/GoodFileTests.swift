import Foundation
import JobModel
import Testing

@testable import Configuration

@Suite("A good file becomes settings")
struct GoodFileTests {
    @Test("a minimal file gets every default")
    func minimal() throws {
        let loaded = try Fixture.decode("good/minimal.yml").get()
        let cat = HandlerSettings(
            name: "all", command: ["cat"], executable: "/usr/bin/cat", classes: [ClassPattern("*")],
            directory: "/etc/martlet")
        let expected = Settings(
            file: "/etc/martlet/minimal.yml", directory: "/etc/martlet",
            queues: [QueueSetting(name: .standard, weight: 0)], handlers: [cat])
        #expect(loaded.settings == expected)
        #expect(loaded.notes == [])
    }

    @Test("every key is read, and relative paths count from the file's directory")
    func full() throws {
        let settings = try Fixture.decode("good/full.yml").get().settings
        let redis = RedisEndpoint(
            transport: .tcp(host: "::1", port: 6380), username: "worker", password: "s@fe", database: 3)
        let reports = HandlerSettings(
            name: "reports", command: ["bin/reports", "--fast", "5"], executable: "/etc/martlet/bin/reports",
            classes: [ClassPattern("ReportJob"), ClassPattern("Reports::*")], mode: .serve, threads: 4, timeout: 0.5,
            grace: 2, slow: 0, startTimeout: 60, maxJobs: 10_000, maxMemory: 512 << 20,
            maxAge: 3600, idleTimeout: 300, malloc: .arenas(2), isolate: .auto, connections: ["postgres": 2],
            environment: ["LANG": "C.UTF-8", "DEBUG": "true", "EMPTY": ""], directory: "/etc/martlet/app", user: "app")
        var mails = reports
        mails.name = "mails"
        mails.command = ["/usr/bin/ruby", "mails.rb"]
        mails.executable = "/usr/bin/ruby"
        mails.classes = [ClassPattern("MailJob")]
        mails.threads = 1
        mails.malloc = .system
        var hogs = HandlerSettings(
            name: "hogs", command: ["/bin/hog"], executable: "/bin/hog", classes: [ClassPattern("HogJob")],
            malloc: .arenas(1),
            limits: HandlerSettings.Limits(
                memory: 512 << 20, tasks: 64, addressSpace: 2 << 30, cpuWeight: 50, openFiles: 4096, processes: 200,
                cpuSeconds: 90, fileSize: 1 << 30, core: 0),
            connections: ["postgres": 1, "cache.1": 1], directory: "/etc/martlet")
        hogs.confinement.group = "app"
        hogs.confinement.umask = 0o27
        hogs.confinement.nice = -5
        hogs.confinement.ioPriority = .idle
        hogs.confinement.privateTmp = true
        hogs.confinement.output = 1 << 20
        hogs.confinement.trust = ["deploy", "1000"]
        let expected = Settings(
            file: "/etc/martlet/full.yml", directory: "/etc/martlet", redis: .server(redis), processes: 2,
            concurrency: 1000, stopTimeout: 0, slow: 90,
            queues: [queue("critical", 5), queue("default", 0), queue("low", 2)], handlers: [reports, mails, hogs],
            pools: [PoolSetting(name: "postgres", limit: 90), PoolSetting(name: "cache.1", limit: 1000)],
            maximumRetries: 3, deadMaximumJobs: 500, deadTimeout: 5400,
            poison: PoisonLimit(deaths: 5, seconds: 86_400),
            payloadLimits: PayloadLimits(bytes: 2 << 20, warningBytes: 4096, depth: 50),
            memory: MemorySettings(
                pressure: 0.025, available: 0, cliff: 100 << 20, cliffShare: 0.5, growth: 5 << 20), logLevel: "warning",
            logFormat: "json",
            tag: "billing", labels: ["blue", "5"])
        #expect(settings == expected)
    }

    @Test("what a program is given, and what its statuses mean, is read")
    func program() throws {
        let loaded = try Fixture.decode("good/program.yml").get()
        var terms = ProgramTerms()
        terms.arguments = [
            "--user", "{args.0}", "--name={args.1.name}", "{{}}", "--", "{jid}{class}{queue}{attempt}",
        ]
        terms.isGuarded = false
        terms.standardInput = .args
        terms.success = [0, 3]
        terms.retryOn = [75, 65]
        terms.discardOn = [4]
        #expect(loaded.settings.handlers.map(\.program) == [terms])
        #expect(loaded.notes == [])
    }

    @Test("what is for programs that end with their job is told to have no effect on one that serves")
    func programThatServes() throws {
        let text = """
            handlers:
              served: { command: [cat], classes: [A], mode: serve, stdin: none, guard: true, success: [0, 1] }
            """
        let notes = try Fixture.decode(Array(text.utf8)).get().notes.map(\.message)
        #expect(
            notes.sorted()
                == ["guard", "stdin", "success"].map {
                    "`handlers.served.\($0)` has no effect in mode serve; it is for mode spawn"
                })
    }

    @Test("settings survive the way to a child process", arguments: try Fixture.names(in: "good", ending: ".yml"))
    func roundTrip(name: String) throws {
        let settings = try Fixture.decode("good/\(name)").get().settings
        #expect(try Settings(decoding: settings.encoded()) == settings)
        #expect(try Settings(decoding: settings.encoded()).encoded() == settings.encoded())
    }

    @Test("a Redis on a socket or of our own survives it too")
    func redisRoundTrip() throws {
        for redis in [
            "embedded", "unix:///run/redis.sock?db=2", "{url: 'rediss://u:p@h', ca: ca.pem, timeout: 1s}",
            "{sentinels: [a, 'b:1'], master: m, sentinel_password: s, server_name: x, url: 'rediss:///1'}",
        ] {
            let settings = try Fixture.settings("redis: \(redis)\nhandlers:\n")
            #expect(try Settings(decoding: settings.encoded()) == settings)
        }
    }

    @Test("the places of commands, directories and users are kept for later proof")
    func places() throws {
        let places = try Fixture.decode("good/full.yml").get().places
        #expect(places.redis == Place(line: 1, column: 8))
        let reports = Places.Handler(
            name: Place(line: 18, column: 3), command: Place(line: 19, column: 15),
            directory: Place(line: 33, column: 16), user: Place(line: 34, column: 11))
        #expect(places.handlers["reports"] == reports)
        #expect(places.handlers["mails"]?.command == Place(line: 38, column: 15))
    }

    @Test(
        "a number of processes is their least and their most, bounds are each",
        arguments: [
            ("4", ProcessRange(minimum: 4, maximum: 4)), ("{ min: 2 }", ProcessRange(minimum: 2)),
            ("{ max: 6 }", ProcessRange(maximum: 6)), ("{ min: 0, max: 1 }", ProcessRange(maximum: 1)),
        ])
    func handlerProcesses(text: String, range: ProcessRange) throws {
        let file =
            "handlers:\n  a:\n    command: [cat]\n    classes: [A]\n    mode: fork\n    watch: true\n    processes: "
        let handler = try #require(try Fixture.settings("\(file)\(text)\n").handlers.first)
        #expect(handler.processes == range)
        #expect(handler.watch)
        #expect(handler.maxJobs == 1, "a child does one job, if nothing is said")
    }

    @Test("what has no effect in a mode is noted, not refused")
    func notes() throws {
        let text = "handlers:\n  a:\n    command: [cat]\n    classes: [A]\n    threads: 4\n"
        let notes = try Fixture.decode(Array(text.utf8)).get().notes.map(\.description)
        #expect(
            notes == [
                "martlet.yml:5:5: `handlers.a.threads` has no effect in mode spawn; it is for the modes serve and fork"
            ])
    }

    @Test("a byte order mark and Windows line ends do no harm")
    func foreignEditors() throws {
        let text = "\u{FEFF}concurrency: 5\r\nhandlers:\r\n"
        #expect(try Fixture.settings(text).concurrency == 5)
        #expect(
            Fixture.problems("\u{FEFF}concurency: 5\r\ntimout: 5\r\n").map { $0.prefix(16) }
                == ["martlet.yml:1:1:", "martlet.yml:2:1:"])
    }

    @Test("a section whose lines are all comments is an empty one")
    func commentedOut() throws {
        let settings = try Fixture.settings(
            "log:\nlabels:\nhandlers:\n  a:\n    command: [cat]\n    classes: [A]\n    env:\n")
        #expect(settings.handlers.count == 1)
        #expect(settings.labels == [])
    }

    @Test("colons in class names need no quotes, and a star after them neither")
    func classNames() throws {
        let settings = try Fixture.settings(
            "handlers:\n  a:\n    command: [cat]\n    classes:\n      - Reports::*\n      - Mail::Job\n")
        #expect(settings.handlers[0].classes.map(\.text) == ["Reports::*", "Mail::Job"])
    }

    @Test("a bare command that is nowhere becomes a path that does not exist, never one of the working directory")
    func unknownCommand() throws {
        let settings = try Fixture.settings("handlers:\n  a:\n    command: [no-such]\n    classes: [A]\n")
        #expect(settings.handlers[0].executable == "/usr/bin/no-such")
    }

    private func queue(_ name: String, _ weight: Int) -> QueueSetting {
        QueueSetting(name: QueueName(trusted: name), weight: weight)
    }
}
