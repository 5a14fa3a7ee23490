import Foundation
import Platform
import Redis
import TestSupport
import Testing

/// A Redis that answers, and says no.
@Suite("A Redis that refuses is waited for, and no job is lost or doubled")
struct RefusalTests {
    @Test("every code that passes by itself: for a moment everything is refused, then everything goes on")
    func codes() throws {
        try FaultScene.run { faults in
            for reply in [
                "LOADING Redis is loading the dataset in memory",
                "READONLY You can't write against a read only replica.",
                "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
                "OOM command not allowed when used memory > 'maxmemory'.",
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
                "NOREPLICAS Not enough good replicas to write.",
                "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
                "CLUSTERDOWN The cluster is down", "TRYAGAIN Multiple keys request during rehashing of slot",
                "ERR internal error",
            ] {
                for (name, times) in [("exchange", 2), ("*", 12)] {
                    faults.proxy.inject(.refuse(reply), on: name, times: times)
                    try faults.pushOfEachKind()
                    try faults.settle("after \(reply) to \(name)")
                    faults.proxy.relent()
                }
            }
            #expect(faults.proxy.count("SCRIPT KILL") == 0)
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test(
        "a server that can write nothing: running jobs go on, none starts, results are written when it can",
        arguments: ["MISCONF", "NOREPLICAS"])
    func cannotWrite(code: String) throws {
        try FaultScene.run(options: ["--dbfilename", "blocked.rdb", "--save", "3600 1"]) { faults in
            let blocked = "\(faults.server.directory.path)/blocked.rdb"
            for name in ["s1", "s2"] {
                faults.ledger.add(.done, name)
                try faults.jobs.push(Jobs.payload("Sleep", name, args: "[2]"))
            }
            eventually("they run") { faults.scene.starts("s1") + faults.scene.starts("s2") == 2 }
            try faults.jobs.push(
                (0..<6).map { _ in Array(Jobs.payload("Work", faults.ledger.add(.done)).utf8) }, to: "later")
            if code == "MISCONF" {
                // What is saved cannot take the place of a directory.
                try FileManager.default.createDirectory(atPath: blocked, withIntermediateDirectories: false)
                try faults.jobs.call("BGSAVE")
                try eventually("it cannot save") {
                    try faults.jobs.call("INFO", "persistence").text?.contains("rdb_last_bgsave_status:err") == true
                }
            } else {
                try faults.jobs.call("CONFIG", "SET", "min-replicas-to-write", "1")
            }
            eventually("the handlers end all the same") { faults.scene.ends("s1") + faults.scene.ends("s2") == 2 }
            eventually(within: 20, "it says what it waits for") { faults.daemon.log.contains("reason=\"\(code)") }
            usleep(1_000_000)
            #expect(try faults.jobs.reserved() == 2, "the results cannot be written")
            if code == "MISCONF" {
                try FileManager.default.removeItem(atPath: blocked)
                try faults.jobs.call("BGSAVE")
            } else {
                try faults.jobs.call("CONFIG", "SET", "min-replicas-to-write", "0")
            }
            try eventually("writing works again") { try faults.jobs.redis.call(.init(["INCR", "x"])).refusal == nil }
            try faults.jobs.call("DEL", "x")
            // What was pushed to another queue meanwhile comes to the one that is served.
            try faults.jobs.call("RENAME", "queue:later", "queue:default")
            try faults.settle("when it can write again")
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test(
        "a full Redis is drained: jobs are fetched and come to every kind of end, due ones are promoted, orphans rescued"
    )
    func full() throws {
        try FaultScene.run { faults in
            for _ in 0..<4 { try faults.pushOfEachKind() }
            try faults.addDue(to: "retry", count: 5)
            try faults.addDue(to: "schedule", count: 5)
            try faults.jobs.push(Jobs.payload("Sleep", "slow", args: "[1]"))
            eventually("it runs") { faults.scene.starts("slow") == 1 }
            try faults.jobs.call("CONFIG", "SET", "maxmemory", "1")
            for pid in faults.daemon.workers { kill(pid, SIGKILL) }
            eventually(within: 20, "the worker's job runs again") { faults.scene.ends("slow") == 1 }
            eventually(within: 20, "all come to an end") {
                faults.scene.done.count >= 4 * 4 + 10 + 1
            }
            try eventually(within: 20, "nothing is reserved") { try faults.jobs.reserved() == 0 }
            usleep(3_000_000)
            #expect(faults.daemon.lines(of: "log").count { $0.contains("OOM") } < 10, "it does not repeat itself")
            try faults.jobs.call("CONFIG", "SET", "maxmemory", "0")
            try faults.settle("with a full Redis")
            try faults.finish()
        }
    }

    @Test(
        "a server that does not let us in is asked seldom, said clearly, and used again when it does",
        arguments: ["password", "clients"])
    func barred(by reason: String) throws {
        try FaultScene.run { faults in
            try faults.jobs.push(Jobs.payload("Sleep", faults.ledger.add(.done), args: "[2]"))
            eventually("it runs") { faults.scene.ledger.count == 1 }
            try faults.jobs.call("CONFIG", "SET", reason == "password" ? "requirepass" : "maxclients", "1")
            faults.proxy.cutAll()
            eventually(within: 20, "it says so: \(faults.daemon.log.suffix(800))") {
                faults.daemon.log.contains("does not let this worker in")
                    && faults.daemon.log.contains("does not let the scheduler in")
            }
            #expect(faults.daemon.log.contains(reason == "password" ? "NOAUTH" : "max number of clients"))
            let before = faults.proxy.attempts
            usleep(2_500_000)
            #expect(faults.proxy.attempts - before <= 2)
            if reason == "password" {
                try faults.jobs.call("CONFIG", "SET", "requirepass", "")
            } else {
                try faults.jobs.call("CONFIG", "SET", "maxclients", "100")
            }
            try faults.pushOfEachKind()
            try faults.settle("when it lets us in again")
            try faults.proveExactly()
            try faults.finish()
        }
    }
}
