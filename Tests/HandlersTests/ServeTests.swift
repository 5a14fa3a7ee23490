import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("A process that serves many jobs")
struct ServeTests {
    @Test("its answers become outcomes, and one process gives them all")
    func answers() throws {
        let rig = try Rig(serve(), slots: 1)
        let cases: [(String, Outcome)] = [
            (#""done""#, .succeeded),
            (#""compact""#, .succeeded),
            (
                #""fail""#,
                .failed(Failure(errorClass: "ValueError", message: "no such user", backtrace: ["a.py:1", "a.py:2"]))
            ),
            (#""dead""#, .dead(Failure(errorClass: "KeyError", message: "never"))),
            (#""discard""#, .discarded),
            (#""snooze",30.5"#, .snoozed(seconds: 30.5)),
            (#""nearly long""#, .succeeded),
        ]
        for (arguments, outcome) in cases {
            #expect(try rig.run(job(arguments)).outcome == outcome, "\(arguments)")
        }
        #expect(Set(rig.reports.map(\.pid)).count == 1)
        #expect(rig.spawns.count == 1)
    }

    @Test("the run line is exactly the documented one, the payload in it byte for byte")
    func runLine() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(serve(arguments: [directory.path]), slots: 1)
        let payload =
            "{ \"class\" : \"X\",\r\n\"args\":[\"done\",1.0,1e400,-0,12345678901234567890],\n"
            + #""ä\u00e4":"\n\/😀","retry_count":4,"a":1,"a":2,"jid":"j" }"#
        #expect(try rig.run(payload).outcome == .succeeded)
        let single = payload.replacing("\r\n", with: "  ").replacing(",\n", with: ", ")
        let expected = "{\"run\":1,\"attempt\":6,\"job\":\(single)}\n"
        #expect(try FileDescriptor.open(directory.path + "/lines", O_RDONLY).readAll() == Array(expected.utf8))
    }

    @Test("a handler with a timeout is told the deadline in milliseconds since 1970")
    func deadline() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(serve(arguments: [directory.path], timeout: 100), slots: 1)
        let before = WallClock.milliseconds()
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded)
        let line = try JSONObject(scanning: FileDescriptor.open(directory.path + "/lines", O_RDONLY).readAll())
        #expect((before + 100_000...before + 120_000).contains(Int64(try #require(line.integer("deadline")))))
        #expect(line.members.count == 4)
    }

    @Test("a payload of 1 MB passes in both directions of a pipe that holds 64 KB")
    func large() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(serve(arguments: [directory.path]), slots: 1)
        let payload = job(#""done",""# + String(repeating: "0123456789abcdef", count: 1 << 16) + #"""#)
        #expect(try rig.run(payload).outcome == .succeeded)
        let expected = "{\"run\":1,\"attempt\":1,\"job\":\(payload)}\n"
        #expect(try FileDescriptor.open(directory.path + "/lines", O_RDONLY).readAll() == Array(expected.utf8))
    }

    @Test("it has descriptors 0 to 4 and the documented environment, and reads nothing from 0")
    func surroundings() throws {
        let script = """
            import os
            print(sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd)))
            print(os.readlink("/proc/self/fd/0"), os.getpgid(0) == os.getpid())
            print(sorted(k + "=" + v for k, v in os.environ.items() if k not in ("LC_CTYPE", "HOME", "USER")), flush=True)
            os.write(4, b'{"ready":true}\\n')
            os.write(4, b'{"done":1}\\n' if os.read(3, 65536) else b'')
            os.read(3, 1)
            """
        var settings = serve()
        settings.command = ["python3", "-c", script]
        let rig = try Rig(settings, slots: 1)
        #expect(try rig.run(job(#""x""#)).outcome == .succeeded)
        #expect(rig.turn { rig.lines.count == 3 })
        #expect(
            rig.lines == [
                "[0, 1, 2, 3, 4]", "/dev/null True",
                "['LANG=C.UTF-8', 'MARTLET_IN=3', 'MARTLET_OUT=4', 'MARTLET_PROTOCOL=1', "
                    + "'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']",
            ])
    }

    @Test("children are handed over with success, and only then")
    func push() throws {
        let rig = try Rig(serve(), slots: 1)
        let children = #"{"class":"Row","args":[1]}, {"class":"Row","args":[2.50],"queue":"low"}"#
        let report = try rig.run(job(#""push",\#(children)"#))
        #expect(report.outcome == .succeeded)
        #expect(
            report.children.map { String(decoding: $0, as: UTF8.self) } == [
                #"{"class": "Row", "args": [1]}"#, #"{"class": "Row", "args": [2.5], "queue": "low"}"#,
            ])
        let failed = try rig.run(job(#""push then fail",\#(children)"#))
        #expect(failed.outcome == .failed(Failure(errorClass: "E", message: "m")))
        #expect(failed.children.isEmpty)
    }

    @Test("a child that cannot be enqueued, or more than 10,000 of them, fail their job instead of getting lost")
    func badPush() throws {
        let rig = try Rig(serve(), slots: 1)
        let bad = try #require(try rig.run(job(#""push",{"class":"Row","args":[]},{"args":[]}"#)).outcome.failure)
        #expect(bad.errorClass == "ProtocolError")
        #expect(bad.message.contains("(its number 2): class must be a string"))
        let many = try #require(try rig.run(job(#""push many""#)).outcome.failure)
        #expect(many.errorClass == "ProtocolError")
        #expect(many.message.contains("the limits are 10000 jobs and 16777216 bytes"))
    }

    @Test("progress is passed on while the run goes on")
    func progress() throws {
        let rig = try Rig(serve(), slots: 1)
        let number = try rig.start(job(#""progress""#))
        _ = try rig.nextReport()
        #expect(
            rig.progress == [ProgressReport(slot: 0, number: number, percent: 40, note: "page 4 of 10")])
    }

    @Test("what it prints is passed on with the job it is doing")
    func output() throws {
        let rig = try Rig(serve(), slots: 1)
        _ = try rig.run(job(#""say","hello from the job""#, jid: "j9"))
        #expect(rig.turn { rig.lines == ["hello from the job"] })
    }

    @Test("the process used last is used again, and the others stay idle")
    func lastInFirstOut() throws {
        let rig = try Rig(serve(), slots: 3)
        for slot in 0..<3 { try rig.start(job(#""sleep",0.3"#), slot: slot) }
        #expect(rig.turn { rig.reports.count == 3 })
        let last = try #require(rig.reports.last?.pid)
        for _ in 0..<10 { #expect(try rig.run(job(#""done""#)).pid == last) }
        #expect(rig.spawns.count == 3)
    }

    @Test("one process with four threads runs four jobs at once")
    func threads() throws {
        let rig = try Rig(serve(threads: 4), slots: 8)
        let start = MonotonicTime.now()
        for slot in 0..<8 { try rig.start(job(#""sleep",1"#), slot: slot) }
        #expect(rig.turn { rig.reports.count == 8 })
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
        #expect(rig.spawns.count == 2)
        #expect(MonotonicTime.now().seconds(since: start) < 6)
    }

    @Test("runs are described: what, where, since when, and the state of the pool")
    func descriptions() throws {
        let rig = try Rig(serve(), slots: 2)
        try rig.start(job(#""sleep",0.5"#, jid: "j1"), slot: 1, queue: "low")
        #expect(rig.dispatcher.slots.map(\.standing) == [.waiting])
        #expect(rig.turn { rig.dispatcher.slots.first?.standing == .running })
        let slot = try #require(rig.dispatcher.slots.first)
        #expect(slot.slot == 1 && slot.jid == "j1" && slot.jobClass == "Test" && slot.queue == "low")
        #expect(slot.pid.map(isAlive) == true)
        let pool = try #require(rig.dispatcher.poolDescriptions.first)
        #expect(pool.busy == 1 && pool.idle == 0 && pool.starting == 0 && pool.waiting == 0)
        _ = try rig.nextReport()
        #expect(rig.dispatcher.slots.isEmpty)
        #expect(rig.dispatcher.poolDescriptions.first?.idle == 1)
    }
}
