import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

/// fork.py, whose children are serve.py.
func fork(
    _ misbehaviour: String = "", maxJobs: Int? = 1, startTimeout: Double = 30, timeout: Double? = nil,
    grace: Double = 5, environment: [String: String] = [:]
) -> HandlerSettings {
    HandlerSettings(
        name: "forked", command: ["python3", evil("fork.py")], executable: "/usr/bin/python3",
        classes: [ClassPattern("*")], mode: .fork, timeout: timeout, grace: grace, startTimeout: startTimeout,
        maxJobs: maxJobs, environment: environment.merging(["MISBEHAVE": misbehaviour]) { $1 }, directory: "/")
}

@Suite("Jobs are done by children of a process that has loaded the program")
struct ForkTests {
    @Test("each job gets a child of its own, and all have one parent")
    func perJob() throws {
        let rig = try Rig(fork(), slots: 2)
        var parents: Set<Int32> = []
        for _ in 0..<5 {
            try rig.start(job(#""sleep",0.05"#))
            try #require(rig.turn { rig.dispatcher.slots.first?.pid != nil })
            let pid = try #require(rig.dispatcher.slots.first?.pid)
            parents.insert(try #require(ProcessEntry(pid: pid)).parent)
            #expect(ProcessEntry(pid: pid)?.group == pid, "it leads a process group of its own")
            #expect(try rig.nextReport().outcome == .succeeded)
        }
        #expect(Set(rig.reports.compactMap(\.pid)).count == 5)
        #expect(parents.count == 1)
        #expect(rig.spawns.count == 1, "one program was executed")
    }
}
