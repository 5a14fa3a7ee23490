import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Pools of connections")
struct PoolTests {
    private static func configuration(limit: Int) -> String {
        """
        processes: 2
        concurrency: 5
        timeout: 5
        pools: { postgres: { limit: \(limit) } }
        handlers:
          spawned: { command: [./ledger.sh], classes: [Job], connections: [postgres] }
        """
    }

    /// Another host with so many connections, as its worker's record tells.
    private func pretend(_ host: String, _ connections: Int, leaseEnds: Int = 9_000_000_000_000, _ jobs: Jobs) throws {
        let identity = "\(host):1:0123456789ab"
        try jobs.call("ZADD", "martlet:processes", String(leaseEnds), identity)
        try jobs.call(
            "HSET", "martlet:process:\(identity)", "host", host, "boot", "b", "pidns", "1", "pid", "1", "start", "1",
            "role", "worker", "connections", "postgres=\(connections)")
    }

    @Test(
        "check adds up what the jobs of all living hosts may hold, and fails with place and numbers if it is too much")
    func check() throws {
        try Scene.run(Self.configuration(limit: 60), starting: false) { scene in
            let host = ProcessIdentity.hostName
            try pretend("web-7", 30, scene.jobs)
            try pretend("web-9", 500, leaseEnds: 5, scene.jobs)
            // What our own workers say gives way to what the file says.
            try pretend(host, 45, scene.jobs)
            let good = scene.daemon.martlet(["check"])
            #expect(good.code == 0 && good.errors.isEmpty, "\(good.errors)")
            #expect(
                good.output.contains(
                    "pool postgres: jobs may hold 40 of 60 connections: \(host) (this host) 10 = 2 processes x 5 slots x 1, "
                        + "web-7 30"), "\(good.output)")

            try pretend("web-8", 25, scene.jobs)
            let bad = scene.daemon.martlet(["check"])
            #expect(bad.code == 78)
            #expect(
                bad.errors
                    == "\(scene.daemon.path("martlet.yml")):5:10: `pools.postgres` gives 60 connections, and jobs may "
                    + "hold 65: \(host) (this host) 10 = 2 processes x 5 slots x 1, web-7 30, web-8 25; raise the limit, or "
                    + "set `concurrency: 2` here\n", "\(bad.errors)")
            #expect(scene.daemon.martlet(["check", "--offline"]).code == 0, "without Redis only this host is known")
        }
    }

    @Test("a host that alone holds too much is told so without Redis")
    func alone() throws {
        try Scene.run(Self.configuration(limit: 9), starting: false) { scene in
            let check = scene.daemon.martlet(["check", "--offline"])
            #expect(
                check.code == 78 && check.errors.contains("gives 9 connections, and jobs may hold 10"),
                "\(check.errors)")
            #expect(check.errors.contains("set `concurrency: 4` here"))
        }
    }

    @Test("a running worker tells what its jobs may hold, and advise counts it")
    func tell() throws {
        try Scene.run(Self.configuration(limit: 90)) { scene in
            try eventually(within: 30, "both workers tell") {
                try scene.jobs.keys("martlet:process:*").count { key in
                    try scene.jobs.call("HGET", key, "connections").text == "postgres=5"
                } == 2
            }
            try pretend("web-7", 30, scene.jobs)
            let advice = Jobs.object(Array(scene.daemon.martlet(["advise", "--json"]).output.utf8))
            let pool = (advice["pools"] as? [[String: Any]])?.first ?? [:]
            #expect(pool["used"] as? Int == 40 && pool["limit"] as? Int == 90 && pool["here"] as? Int == 10)
            #expect(pool["elsewhere"] as? [String: Int] == ["web-7": 30])
            try scene.jobs.call("DEL", "martlet:process:web-7:1:0123456789ab")
            try scene.jobs.call("ZREM", "martlet:processes", "web-7:1:0123456789ab")
            try scene.finish()
        }
    }
}
