import Redis
import TestSupport
import Testing

@Suite("What becomes of a job that fails")
struct RetryTests {
    static let configuration = """
        concurrency: 4
        timeout: 5
        handlers:
          exits: { command: [./exit.sh], classes: ["Exit*", "Signal*"] }
          served: { command: [./serve.py], classes: [Work, Fail, Dead, Discard, Snooze], mode: serve }
        """

    struct Case: CustomTestStringConvertible, Sendable {
        let members: String
        /// "retry", "dead" or "" for nowhere.
        let place: String
        var retryCount: Int?
        var testDescription: String {
            "\(members.isEmpty ? "no `retry`" : members) -> \(place.isEmpty ? "gone" : place)"
        }
    }

    static let cases: [Case] = [
        Case(members: "", place: "retry", retryCount: 0),
        Case(members: #","retry":true"#, place: "retry", retryCount: 0),
        Case(members: #","retry":false"#, place: ""),
        Case(members: #","retry":0"#, place: "dead", retryCount: 0),
        Case(members: #","retry":0,"dead":false"#, place: ""),
        Case(members: #","retry":3"#, place: "retry", retryCount: 0),
        Case(members: #","retry":3,"retry_count":1,"failed_at":1763791200000"#, place: "retry", retryCount: 2),
        Case(members: #","retry":3,"retry_count":2,"failed_at":1763791200000"#, place: "dead", retryCount: 3),
        Case(members: #","retry":true,"retry_count":24,"failed_at":1763791200000"#, place: "dead", retryCount: 25),
        Case(
            members: #","retry":true,"retry_for":60,"retry_count":0,"failed_at":1763791200000"#, place: "dead",
            retryCount: 1),
        Case(
            members: #","retry":true,"retry_for":900000000,"retry_count":400,"failed_at":1763791200000"#,
            place: "retry", retryCount: 401),
    ]

    @Test("it goes where its own members say")
    func places() throws {
        try Scene.run(Self.configuration) { scene in
            for (index, item) in Self.cases.enumerated() {
                try scene.jobs.push(#"{"class":"Exit1","args":[],"jid":"case\#(index)"\#(item.members)}"#)
            }
            try scene.jobs.push(Jobs.payload("Work", "last"))
            try eventually(within: 30, "all of them have failed") {
                try scene.jobs.number("stat:failed") == Self.cases.count
            }
            for (index, item) in Self.cases.enumerated() {
                for place in ["retry", "dead"] {
                    let object = try scene.jobs.object("case\(index)", in: place)
                    #expect((object != nil) == (place == item.place), "\(item.testDescription), looked in \(place)")
                    if let object {
                        #expect(object["retry_count"] as? Int == item.retryCount, "\(item.testDescription)")
                    }
                }
            }
            try scene.finish(leaving: ["dead", "retry"])
        }
    }

    @Test("a retry comes after 15 s + count^4, and up to 10 s a count more; with the error beside it")
    func curve() throws {
        try Scene.run(Self.configuration) { scene in
            let before = try scene.jobs.now()
            try scene.jobs.push(
                Jobs.payload("Exit3", "first", more: #","retry_queue":"low""#),
                Jobs.payload("Fail", "third", more: #","retry_count":1,"failed_at":1763791200000,"backtrace":true"#))
            try eventually(within: 30, "both wait for retry") { try scene.jobs.members(of: "retry").count == 2 }
            let after = try scene.jobs.now()
            // A second is added to the upper bounds for the way from decision to set.
            let first = try scene.jobs.score("first", in: "retry") ?? 0
            #expect(first >= before + 15 && first <= after + 15 + 10 + 1)
            let third = try scene.jobs.score("third", in: "retry") ?? 0
            #expect(third >= before + 31 && third <= after + 31 + 30 + 1)

            let one = try scene.jobs.object("first", in: "retry") ?? [:]
            #expect(one["queue"] as? String == "low")
            #expect(one["error_class"] as? String == "ExitStatus")
            #expect((one["error_message"] as? String)?.hasSuffix("the last words of first") == true)
            #expect((one["failed_at"] as? Double ?? 0) / 1000 >= before - 1)
            #expect(one["retried_at"] == nil && one["error_backtrace"] == nil)
            let two = try scene.jobs.object("third", in: "retry") ?? [:]
            #expect(two["error_class"] as? String == "ValueError" && two["error_message"] as? String == "no such user")
            #expect(two["failed_at"] as? Int == 1_763_791_200_000)
            #expect((two["retried_at"] as? Double ?? 0) / 1000 >= before - 1)
            #expect(two["error_backtrace"] is String)
            try scene.finish(leaving: ["retry"])
        }
    }

    @Test("a retry that is due runs again, from its retry queue, as the next attempt")
    func secondAttempt() throws {
        try Scene.run(Self.configuration + "\nqueues: [low, default]\n") { scene in
            try scene.jobs.push(Jobs.payload("Exit1", "again", more: #","retry_queue":"low""#))
            try eventually(within: 30, "it waits for retry") { try scene.jobs.members(of: "retry").count == 1 }
            try scene.jobs.makeDue("retry")
            eventually(within: 30, "it ran again") { scene.ledger.contains("start Exit1 again 2") }
            try eventually(within: 30, "it waits again") {
                try scene.jobs.object("again", in: "retry")?["retry_count"] as? Int == 1
            }
            try scene.finish(leaving: ["retry"])
        }
    }

    @Test("exit 0 is done, 65 is dead, 75 and all others are retried, a signal is named")
    func exitStatus() throws {
        try Scene.run(Self.configuration) { scene in
            let classes = ["Exit0", "Exit1", "Exit3", "Exit65", "Exit75", "Exit255", "SignalKILL", "SignalSEGV"]
            for jobClass in classes { try scene.jobs.push(Jobs.payload(jobClass, jobClass)) }
            try eventually(within: 30, "all of them are settled") {
                try scene.jobs.number("stat:processed") == classes.count && scene.jobs.reserved() == 0
            }
            let retried = try scene.jobs.members(of: "retry").map { Jobs.object($0.payload)["jid"] as? String ?? "" }
            #expect(retried.sorted() == ["Exit1", "Exit255", "Exit3", "Exit75", "SignalKILL", "SignalSEGV"])
            let dead = try scene.jobs.object("Exit65", in: "dead")
            #expect(dead?["error_class"] as? String == "ExitStatus")
            let killed = try scene.jobs.object("SignalKILL", in: "retry")
            #expect(killed?["error_class"] as? String == "Signal")
            #expect((killed?["error_message"] as? String)?.contains("SIGKILL") == true)
            #expect(try scene.jobs.number("stat:failed") == 7)
            try scene.finish(leaving: ["dead", "retry"])
        }
    }

    @Test("dead, discard and snooze are what they say")
    func answers() throws {
        try Scene.run(Self.configuration) { scene in
            let now = try scene.jobs.now()
            let snoozed = Jobs.payload("Snooze", "s", args: "[600]")
            try scene.jobs.push(Jobs.payload("Dead", "d"), Jobs.payload("Discard", "x"), snoozed)
            try eventually(within: 30, "all of them are settled") { try scene.jobs.number("stat:processed") == 3 }
            let dead = try scene.jobs.object("d", in: "dead")
            #expect(dead?["error_class"] as? String == "NeverError" && dead?["retry_count"] as? Int == 0)
            let scheduled = try scene.jobs.members(of: "schedule")
            #expect(scheduled.map(\.payload) == [Array(snoozed.utf8)], "a snooze costs no retry")
            #expect((scheduled.first?.score ?? 0) >= now + 600)
            try scene.finish(leaving: ["dead", "schedule"])
        }
    }

    @Test("the dead set keeps as many jobs as the configuration says")
    func deadLimit() throws {
        try Scene.run(Self.configuration + "\ndead_max_jobs: 5\n") { scene in
            for index in 0..<20 { try scene.jobs.push(Jobs.payload("Exit65", "d\(index)")) }
            try eventually(within: 30, "all of them have failed") { try scene.jobs.number("stat:failed") == 20 }
            #expect(try scene.jobs.call("ZCARD", "dead").integer == 5)
            try scene.finish(leaving: ["dead"])
        }
    }
}
