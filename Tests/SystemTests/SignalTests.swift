import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Quiet, reload and description by signals")
struct SignalTests {
    static func configuration(_ generation: String) -> String {
        """
        processes: 2
        concurrency: 2
        timeout: 10
        handlers:
          short: { command: [./mark.sh], classes: [Short], env: { GENERATION: \(generation) } }
          long: { command: [./wait.sh], classes: [Long], env: { GENERATION: \(generation) } }
        """
    }
    static let files = [
        "mark.sh": "#!/bin/sh\necho \"end $GENERATION $MARTLET_JID\" >> ledger\n",
        // Works until a file named `go` is there.
        "wait.sh": "#!/bin/sh\necho \"start $GENERATION $MARTLET_JID\" >> ledger\n"
            + "while [ ! -e go ]; do sleep 0.05; done\necho \"end $GENERATION $MARTLET_JID\" >> ledger\n",
    ]

    @Test(
        "quiet: nothing more is fetched, running jobs go on, the processes stay",
        arguments: [Signal.user1, .stopTerminal])
    func quiet(signal: Signal) throws {
        try Scene.run(Self.configuration("one"), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Long", "l"))
            eventually(within: 30, "the long job runs") { scene.starts("l") == 1 }
            scene.daemon.signal(signal)
            eventually(within: 20, "both workers say so") {
                (try? scene.quietWorkers() == 2) == true || scene.daemon.log.contains("quiet")
            }
            try eventually(within: 20, "the dashboard shows it") { try scene.quietWorkers() == 2 }
            try scene.jobs.push(Jobs.payload("Short", "s"))
            scene.daemon.write("", to: "go")
            eventually(within: 30, "the long job is done") { scene.done == ["l"] }
            #expect(try scene.jobs.texts() == [Jobs.payload("Short", "s")])
            #expect(scene.daemon.workers.count == 2)
            try scene.finish(leaving: ["queue:default"])
            #expect(scene.done == ["l"])
        }
    }

    @Test("reload: workers are replaced one by one, and an old one lives until its job has ended")
    func reload() throws {
        try Scene.run(Self.configuration("one"), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Long", "l"))
            eventually(within: 30, "the long job runs") { scene.starts("l") == 1 }
            let old = Set(scene.daemon.workers)
            scene.rewrite(Self.configuration("two"))
            scene.daemon.signal(.hangup)
            eventually(within: 30, "it is reloaded: \(scene.daemon.log.suffix(1500))") {
                scene.daemon.log.contains("reloaded")
            }
            eventually(within: 30, "one old worker, that of the long job, is left beside two new ones") {
                let now = Set(scene.daemon.workers)
                return now.count == 3 && now.intersection(old).count == 1
            }
            try scene.jobs.push(Jobs.payload("Short", "s"))
            eventually(within: 30, "a new job is done by the new configuration") { scene.ledger.contains("end two s") }
            scene.daemon.write("", to: "go")
            eventually(within: 30, "the long job is done by the old one") { scene.ledger.contains("end one l") }
            eventually(within: 30, "the old workers are gone") {
                Set(scene.daemon.workers).isDisjoint(with: old) && scene.daemon.workers.count == 2
            }
            try scene.finish()
            #expect(scene.starts("l") == 1)
        }
    }

    @Test("reload with a mistake in the file changes nothing, and says what and where")
    func badReload() throws {
        try Scene.run(Self.configuration("one"), files: Self.files) { scene in
            let before = scene.daemon.workers + scene.daemon.schedulers
            scene.rewrite(Self.configuration("two") + "\nconcurency: 5\n")
            scene.daemon.signal(.hangup)
            eventually(within: 30, "the mistake is logged") {
                scene.daemon.log.contains("concurency") && scene.daemon.log.contains("did you mean `concurrency`?")
            }
            #expect(scene.daemon.log.contains("martlet.yml:"))
            #expect(scene.daemon.workers + scene.daemon.schedulers == before)
            try scene.jobs.push(Jobs.payload("Short", "s"))
            eventually(within: 30, "jobs are done as before") { scene.ledger.contains("end one s") }
            try scene.finish()
        }
    }

    @Test("SIGTTIN logs what every slot is doing")
    func describe() throws {
        try Scene.run(Self.configuration("one"), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Long", "jid-l"))
            eventually(within: 30, "the long job runs") { scene.starts("jid-l") == 1 }
            scene.daemon.signal(.ttin)
            eventually(within: 20, "the slot's job and both pools are logged") {
                let lines = scene.daemon.lines(of: "log")
                return lines.contains { $0.contains("slot ") && $0.contains("jid=jid-l") && $0.contains("class=Long") }
                    && lines.count { $0.contains(" of 2 slots busy") && $0.contains("threads") } == 2
            }
            scene.daemon.write("", to: "go")
            eventually(within: 30, "the job goes on and is done") { scene.done == ["jid-l"] }
            try scene.finish()
        }
    }
}

extension Scene {
    /// Writes another configuration for the same server.
    func rewrite(_ configuration: String) {
        daemon.write("redis: unix://\(server.socketPath)\n" + configuration, to: "martlet.yml")
    }

    func quietWorkers() throws -> Int {
        let identities = try jobs.call("SMEMBERS", "processes").elements?.compactMap(\.text) ?? []
        return try identities.count { try jobs.call("HGET", $0, "quiet").text == "true" }
    }
}
