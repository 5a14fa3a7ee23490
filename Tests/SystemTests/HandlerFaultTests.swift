import Foundation
import Platform
import TestSupport
import Testing

@Suite("A handler at fault fails its own job only")
struct HandlerFaultTests {
    static let faults = [
        ("Die", "HandlerDied"), ("Leave", "HandlerDied"), ("HalfWay", "HandlerDied"), ("Nonsense", "ProtocolError"),
        ("Twice", "ProtocolError"), ("Unknown", "ProtocolError"), ("LongLine", "ProtocolError"), ("Silent", "Timeout"),
    ]

    @Test("dying, nonsense, two answers, none, an endless line: an error that says so, and a new process")
    func faults() throws {
        let names = Self.faults.map(\.0).joined(separator: ", ")
        try Scene.run(
            """
            concurrency: 8
            timeout: 5
            handlers:
              faulty: { command: [./serve.py], classes: [\(names)], mode: serve, timeout: 1500ms, grace: 500ms }
              good: { command: [./serve.py], classes: [Work], mode: serve }
            """
        ) { scene in
            for round in 0..<2 {
                for (name, _) in Self.faults { try scene.jobs.push(Jobs.payload(name, "\(name)\(round)")) }
                for index in 0..<20 { try scene.jobs.push(Jobs.payload("Work", "good\(round)-\(index)")) }
            }
            eventually(within: 30, "all good jobs are done") { scene.done.count { $0.hasPrefix("good") } == 40 }
            try eventually(within: 30, "all the others wait for retry") {
                try scene.jobs.members(of: "retry").count == 2 * Self.faults.count
            }
            for (name, errorClass) in Self.faults {
                for round in 0..<2 {
                    let object = try scene.jobs.object("\(name)\(round)", in: "retry") ?? [:]
                    #expect(object["error_class"] as? String == errorClass, "\(name): \(object["error_message"] ?? "")")
                    #expect((object["error_message"] as? String)?.isEmpty == false)
                }
            }
            let died = try scene.jobs.object("Die0", in: "retry")
            #expect((died?["error_message"] as? String)?.contains("out of luck") == true)
            #expect(scene.daemon.workers.count == 1)
            try scene.finish(leaving: ["retry"])
        }
    }

    @Test("one that floods its output does its job, and hinders no other")
    func flood() throws {
        try Scene.run(
            """
            concurrency: 4
            timeout: 5
            handlers:
              served: { command: [./serve.py], classes: [Flood, Work], mode: serve }
            """
        ) { scene in
            try scene.jobs.push(Jobs.payload("Flood", "flood"))
            for index in 0..<20 { try scene.jobs.push(Jobs.payload("Work", "good\(index)")) }
            eventually(within: 60, "all jobs are done") { scene.done.count == 21 }
            try scene.finish()
        }
    }

    @Test("one that stops reading times out, and its next job runs elsewhere")
    func deaf() throws {
        try Scene.run(
            """
            concurrency: 1
            timeout: 5
            limits: { payload: 2MB }
            handlers:
              deaf: { command: [./serve.py], classes: [Deaf], mode: serve, timeout: 1s, grace: 100ms }
            """
        ) { scene in
            let megabyte = String(repeating: "x", count: 1 << 20)
            for index in 0..<3 { try scene.jobs.push(Jobs.payload("Deaf", "d\(index)", args: "[\"\(megabyte)\"]")) }
            eventually(within: 30, "the first and the third are done") { scene.done.count == 2 }
            try eventually(within: 30, "the second, which was never read, has timed out") {
                try scene.jobs.object("d1", in: "retry")?["error_class"] as? String == "Timeout"
            }
            try scene.finish(leaving: ["retry"])
        }
    }

    @Test("one that cannot start or is never ready fails its jobs, and says why")
    func neverReady() throws {
        try Scene.run(
            """
            concurrency: 4
            timeout: 5
            handlers:
              mute: { command: [./mute.sh], classes: [Mute], mode: serve, start_timeout: 500ms, grace: 100ms }
              broken: { command: [./broken.sh], classes: [Broken] }
              good: { command: [./ledger.sh], classes: [Good] }
            """,
            files: ["mute.sh": "#!/bin/sh\nexec sleep 1000\n", "broken.sh": Programs.ledger]
        ) { scene in
            // At the start of the daemon it was there.
            scene.daemon.write("#!/no/such/interpreter\n", to: "broken.sh")
            try scene.jobs.push(Jobs.payload("Mute", "m"), Jobs.payload("Broken", "b"), Jobs.payload("Good", "g"))
            try eventually(within: 30, "both wait for retry") { try scene.jobs.members(of: "retry").count == 2 }
            for jid in ["m", "b"] {
                let object = try scene.jobs.object(jid, in: "retry") ?? [:]
                #expect(object["error_class"] as? String == "StartFailed", "\(object)")
            }
            eventually(within: 30, "the good job is done") { scene.done == ["g"] }
            try scene.finish(leaving: ["retry"])
        }
    }

    @Test("a time limit ends the job with its process group and with what left that group")
    func timeLimit() throws {
        try Scene.run(
            """
            concurrency: 2
            timeout: 5
            handlers:
              stubborn: { command: [./stubborn.sh], classes: [Stubborn], timeout: 1s, grace: 300ms }
              sleeper: { command: [./sleep.sh, "1000"], classes: [Sleeper], timeout: 1s, grace: 5s }
            """
        ) { scene in
            try scene.jobs.push(Jobs.payload("Stubborn", "t"), Jobs.payload("Sleeper", "s"))
            try eventually(within: 30, "both have timed out") { try scene.jobs.members(of: "retry").count == 2 }
            for jid in ["t", "s"] {
                let object = try scene.jobs.object(jid, in: "retry") ?? [:]
                #expect(object["error_class"] as? String == "Timeout")
                #expect((object["error_message"] as? String)?.contains("1") == true)
            }
            eventually(within: 10, "nobody of the handlers is left") {
                !scene.daemon.survivors.contains { Daemon.arguments(of: $0.pid).first == "sleep" }
            }
            try scene.finish(leaving: ["retry"])
        }
    }
}
