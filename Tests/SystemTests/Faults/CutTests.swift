import Glibc
import Platform
import TestSupport
import Testing

/// A connection that is cut at every command in turn, before and after Redis carries it out.
@Suite("No job is lost or doubled wherever a connection is cut")
struct CutTests {
    /// What a daemon says to Redis while it works; nothing of it needs a new connection.
    static let working = ["exchange", "beat", "HKEYS", "SUBSCRIBE", "UNSUBSCRIBE", "HINCRBY", "EXPIRE"]
    /// What it says when it connects.
    static let greeting = [
        "SCRIPT LOAD", "CLIENT SETNAME", "ROLE", "INFO", "beat", "CLIENT ID", "CLIENT TRACKING", "SUBSCRIBE", "HKEYS",
    ]

    @Test("at what a worker says while it works, and an exchange that fetched or settled is found again")
    func working() throws {
        try FaultScene.run { faults in
            for name in Self.working {
                for fault in [Fault.cutBefore, .cutAfter] { try Self.cut(faults, fault, on: name) }
            }
            // With jobs that only end, with jobs that also wait, on the first exchange and on later ones.
            for number in 1...5 {
                try Self.cut(faults, .cutBefore, on: "exchange", number: number)
                try Self.cut(faults, .cutAfter, on: "exchange", number: number)
            }
            // The payloads of what an unanswered exchange had fetched.
            for fault in [Fault.cutBefore, .cutAfter] {
                faults.proxy.inject(.cutAfter, on: "exchange")
                try Self.cut(faults, fault, on: "HMGET")
            }
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test("at everything a process says when it connects")
    func greeting() throws {
        try FaultScene.run { faults in
            for name in Self.greeting {
                for fault in [Fault.cutBefore, .cutAfter] {
                    // The worker's and the scheduler's, in whatever order they come.
                    faults.proxy.inject(fault, on: name, times: 2)
                    faults.proxy.cutAll()
                    try faults.pushOfEachKind()
                    try faults.settle("after \(fault) \(name)")
                }
            }
            faults.proxy.relent()
            for name in Self.greeting {
                for fault in [Fault.cutBefore, .cutAfter] {
                    #expect(faults.proxy.deeds.contains { $0.contains(": \(fault) \(name) ") }, "it did happen")
                }
            }
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test("at what the scheduler says when it promotes jobs")
    func promoting() throws {
        try FaultScene.run { faults in
            for name in ["upcoming", "due", "promote"] {
                for (fault, set) in [(Fault.cutBefore, "retry"), (.cutAfter, "schedule"), (.cutAfter, "retry")] {
                    faults.proxy.inject(fault, on: name)
                    try faults.addDue(to: set)
                    try faults.settle("after \(fault) \(name)")
                    eventually("the fault happens") { faults.proxy.isSpent }
                }
            }
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test("at what the scheduler says when it rescues the jobs of a worker that was killed: they run again, once")
    func rescuing() throws {
        try FaultScene.run { faults in
            for (number, fault) in [Fault.cutBefore, .cutAfter].enumerated() {
                for name in ["TIME", "ZRANGE", "rescue"] { faults.proxy.inject(fault, on: name) }
                let jid = "slow\(number)"
                try faults.jobs.push(Jobs.payload("Sleep", jid, args: "[1]"))
                eventually("it runs") { faults.scene.starts(jid) == 1 }
                for pid in faults.daemon.workers { kill(pid, SIGKILL) }
                eventually(within: 30, "it runs again: \(faults.proxy.deeds) \(faults.daemon.log.suffix(1000))") {
                    faults.scene.ends(jid) == 1
                }
                #expect(faults.scene.starts(jid) == 2)
                eventually(within: 20, "every fault happened") { faults.proxy.isSpent }
            }
            try eventually(within: 20, "nothing is reserved") { try faults.jobs.reserved() == 0 }
            #expect(try faults.jobs.number("stat:processed") == 2)
            try faults.finish()
        }
    }

    @Test("at the farewell of a daemon that stops, jobs back in their queue", arguments: [true, false])
    func stopping(before: Bool) throws {
        let fault = before ? Fault.cutBefore : .cutAfter
        try FaultScene.run(FaultScene.configuration.replacing("timeout: 5", with: "timeout: 0.2")) { faults in
            try faults.jobs.push(Jobs.payload("Sleep", "long", args: "[30]"))
            eventually("it runs") { faults.scene.starts("long") == 1 }
            faults.proxy.inject(fault, on: "exchange")
            faults.proxy.inject(fault, on: "deregister")
            faults.daemon.stop(within: 20)
            #expect(faults.daemon.survivors.isEmpty)
            // What could not be said before the end is done by the next daemon, which finds the process gone.
            faults.proxy.relent()
            faults.daemon.start()
            eventually(within: 30, "it runs again") { faults.scene.starts("long") == 2 }
            faults.daemon.signal(.kill)
            faults.daemon.end()
            let left = try faults.jobs.queue().count + faults.jobs.reserved()
            #expect(left == 1, "the job is still there, once")
        }
    }

    @Test("at every command in turn, whatever it is")
    func sweep() throws {
        try FaultScene.run { faults in
            for number in 1...40 {
                try Self.cut(faults, number.isMultiple(of: 2) ? .cutAfter : .cutBefore, on: "*", number: number)
            }
            try faults.proveExactly()
            try faults.finish()
        }
    }

    /// One fault while jobs of every kind are pushed; returns when it has happened and they have ended.
    private static func cut(_ faults: FaultScene, _ fault: Fault, on name: String, number: Int = 1) throws {
        faults.proxy.inject(fault, on: name, number: number)
        let deadline = MonotonicTime.now().advanced(bySeconds: 20)
        repeat {
            // Only a worker that had much to do stops listening for pushes, and begins again.
            if name.hasSuffix("SUBSCRIBE") { try faults.pushPlain(200) }
            try faults.pushOfEachKind()
            try faults.settle("after \(fault) \(name) \(number)")
            // Some commands come only with the next second, or with more work.
            if !faults.proxy.isSpent { usleep(100_000) }
        } while !faults.proxy.isSpent && MonotonicTime.now() < deadline
        #expect(faults.proxy.isSpent, "\(fault) \(name) \(number) happens")
        faults.proxy.relent()
    }
}
