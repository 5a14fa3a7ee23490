import Platform
import TestSupport
import Testing

@Suite("A job that kills whatever runs it")
struct PoisonTests {
    private static let programs = [
        "murder.sh": """
        #!/bin/sh
        echo "start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        sleep 0.5
        kill -9 "$PPID"
        sleep 1000
        """,
        "suicide.sh": """
        #!/bin/sh
        echo "start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        kill -9 $$
        """,
    ]
    private static let configuration = """
        concurrency: 2
        timeout: 5
        handlers:
          murder: { command: [./murder.sh], classes: [Murder] }
          suicide: { command: [./suicide.sh], classes: [Suicide] }
          sleep: { command: [./sleep.sh, "0.1"], classes: [Sleep] }
        """

    @Test(
        "the worker dies three times, then the job is in the dead set; its neighbours, which end in between, are done")
    func killsWorker() throws {
        try Scene.run(Self.configuration, files: Self.programs) { scene in
            // The poison is fetched first, each time; the others run beside it, or only wait in the same worker. Of those that
            // run, one dies with it each time, and is done before it can die again.
            let others = (0..<20).map { "n\($0)" }
            try scene.jobs.push([Array(Jobs.payload("Murder", "poison").utf8)])
            try scene.jobs.push(others.map { Array(Jobs.payload("Sleep", $0).utf8) })
            try eventually(within: 60, "the poison is in the dead set") {
                try scene.jobs.object("poison", in: "dead") != nil
            }
            let dead = try scene.jobs.object("poison", in: "dead")
            #expect(dead?["error_class"] as? String == "Poison")
            let message = dead?["error_message"] as? String ?? ""
            #expect(message.contains("3 unexplained deaths"), "\(message)")
            #expect(message.contains(/the last: worker killed by SIGKILL, peak memory [0-9]+ MB$/), "\(message)")
            #expect(scene.starts("poison") == 3)
            eventually(within: 60, "all others are done") { Set(scene.done) == Set(others) }
            #expect(try scene.jobs.members(of: "dead").count == 1)
            #expect(scene.daemon.martlet(["status"]).output.contains("poisoned 1"))
            try scene.finish(leaving: ["dead", "martlet:stat:poisoned"])
        }
    }

    @Test("so it is with a handler that dies, after its retries became due")
    func killsHandler() throws {
        try Scene.run(Self.configuration, files: Self.programs) { scene in
            try scene.jobs.push(Jobs.payload("Suicide", "poison"))
            for count in 1...2 {
                try eventually(within: 30, "retry \(count) waits") {
                    try scene.jobs.object("poison", in: "retry")?["retry_count"] as? Int == count - 1
                }
                try scene.jobs.makeDue("retry")
            }
            try eventually(within: 30, "it is in the dead set") { try scene.jobs.object("poison", in: "dead") != nil }
            let message = try scene.jobs.object("poison", in: "dead")?["error_message"] as? String ?? ""
            #expect(message.contains("the last: handler killed by SIGKILL"), "\(message)")
            try scene.finish(leaving: ["dead", "martlet:stat:poisoned"])
        }
    }

    @Test("a stop that ends a running job is no death, however often")
    func stops() throws {
        let configuration = Self.configuration.replacing("timeout: 5", with: "timeout: 0")
        try Scene.run(configuration.replacing("0.1", with: "1000"), files: Self.programs) { scene in
            try scene.jobs.push(Jobs.payload("Sleep", "long"))
            for count in 1...4 {
                eventually(within: 30, "it runs") { scene.starts("long") == count }
                #expect(scene.daemon.stop() == .exited(0))
                #expect(try scene.jobs.texts().count == 1)
                if count < 4 { scene.daemon.start() }
            }
            #expect(try scene.jobs.keys("martlet:deaths:*").isEmpty)
        }
    }
}
