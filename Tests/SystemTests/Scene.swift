import Platform
import Redis
import TestSupport
import Testing

/// A server, a daemon and a connection: what a test begins with, and the three questions it ends with.
struct Scene {
    let server: RedisServer
    let daemon: Daemon
    let jobs: Jobs

    init(
        _ configuration: String, files: [String: String] = Programs.all, server: RedisServer = RedisServer(),
        environment: [String] = [], flags: [String] = [], wrapper: [String] = [], controlGroup: ControlGroup? = nil
    ) throws {
        self.server = server
        daemon = Daemon(
            configuration, server: server, files: files.merging(Programs.all) { mine, _ in mine },
            environment: environment, flags: flags, wrapper: wrapper, controlGroup: controlGroup)
        jobs = try Jobs(server)
    }

    init(server: RedisServer, daemon: Daemon, jobs: Jobs) {
        self.server = server
        self.daemon = daemon
        self.jobs = jobs
    }

    /// Runs a body with a started daemon; whatever happens, nothing is left running.
    static func run(
        _ configuration: String, files: [String: String] = [:], options: [String] = [],
        environment: [String] = [], flags: [String] = [], wrapper: [String] = [], controlGroup: ControlGroup? = nil,
        starting: Bool = true, program: String = RedisProgram.standard,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (Scene) throws -> Void
    ) throws {
        let scene = try Scene(
            configuration, files: files, server: RedisServer(options, program: program), environment: environment,
            flags: flags,
            wrapper: wrapper, controlGroup: controlGroup)
        defer {
            scene.daemon.end()
            scene.server.stop()
        }
        if starting {
            scene.daemon.start(sourceLocation: sourceLocation)
            try #require(scene.daemon.isRunning, "\(scene.daemon.log)", sourceLocation: sourceLocation)
        }
        try body(scene)
    }

    // MARK: What ran

    /// Lines of the ledger, "start CLASS JID ATTEMPT" and "end CLASS JID ATTEMPT".
    var ledger: [String] { daemon.lines(of: "ledger") }

    func starts(_ jid: String) -> Int { count("start", jid) }
    func ends(_ jid: String) -> Int { count("end", jid) }

    private func count(_ word: String, _ jid: String) -> Int {
        ledger.count { line in
            let words = line.split(separator: " ")
            return words.count > 2 && words[0] == word && words[2] == jid
        }
    }

    /// jids in the order of their first end.
    var done: [String] {
        var seen: Set<String> = []
        return ledger.filter { $0.hasPrefix("end ") }.map { String($0.split(separator: " ")[2]) }
            .filter { seen.insert($0).inserted }
    }

    // MARK: The end

    /// Stops the daemon and asks what is still in Redis and who is still alive.
    ///
    /// - Parameter left: every key that may be there, beside statistics and the names of queues.
    func finish(
        leaving left: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(daemon.stop() == .exited(0), "\(daemon.log.suffix(3000))", sourceLocation: sourceLocation)
        try expectNothing(left: left, sourceLocation: sourceLocation)
    }

    func expectNothing(left: [String] = [], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let leftovers = try jobs.leftovers()
        #expect(leftovers == left.sorted(), "what is still in Redis", sourceLocation: sourceLocation)
        let alive = daemon.survivors.map { "\($0.pid) \(Daemon.arguments(of: $0.pid))" }
        #expect(alive == [], "who is still alive", sourceLocation: sourceLocation)
    }
}
