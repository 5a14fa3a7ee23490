import Foundation
import Platform
import TestSupport
import Testing

/// H9. A namespace of process numbers in which the numbers that were just given back are the next to be given out.
@Suite(
    "Process numbers that are used again at once",
    .enabled(if: ProcessNumbers.areOurs, "only root can make a namespace of process numbers"))
struct NumberReuseTests {
    /// The daemon among strangers: short ones that begin and end all the time and say when a signal ended them, and long
    /// ones. Meanwhile the kernel is told again and again to number from 300 on.
    private static let script = #"""
        strangers() { while :; do sleep 0.03; code=$?; [ $code -lt 128 ] || echo "killed: $code" >> strangers; done; }
        for number in 1 2 3 4; do strangers & helpers="$helpers $!"; done
        for number in 1 2 3 4 5 6 7 8; do sleep 3600 & long="$long $!"; done
        (while :; do echo 300 > /proc/sys/kernel/ns_last_pid; sleep 0.01; done) & helpers="$helpers $!"
        "$1" run -C martlet.yml > log 2>&1 &
        daemon=$!
        tries=0
        until [ "$(redis-cli -s "$2" get stat:processed)" = "$3" ] || [ $tries -gt 600 ]; do
            sleep 0.1; tries=$((tries + 1))
        done
        kill -TERM $daemon
        wait $daemon
        echo "ended with $?"
        for pid in $long; do kill -0 $pid && echo "a stranger lives"; done
        kill -KILL $helpers $long
        """#

    @Test("no stranger is killed, and every job comes to its own end", arguments: ["spawn", "serve"])
    func reuse(mode: String) throws {
        let server = RedisServer()
        defer { server.stop() }
        let jobs = try Jobs(server)
        // A service that is only described here: it is started in the namespace.
        let daemon = Daemon(
            """
            concurrency: 8
            timeout: 5
            handlers:
              mixed: { command: [\(EvilProgram.path("mixed.sh")), Quick], classes: [Quick], mode: \(mode) }
              leaves: { command: [\(EvilProgram.path("mixed.sh")), Leaves], classes: [Leaves], mode: \(mode) }
              stays: { command: [\(EvilProgram.path("mixed.sh")), Stays], classes: [Stays], mode: \(mode), timeout: 200ms, grace: 50ms }
            """, server: server, files: ["run.sh": Self.script])
        defer { daemon.end() }
        let kinds = ["Quick", "Leaves", "Stays", "Quick"]
        let total = 400
        try jobs.push((0..<total).map { Jobs.payload(kinds[$0 % 4], "j\($0)") })
        let result = Program.run(
            [
                "/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "/bin/sh", "run.sh",
                Program.martlet, server.socketPath, "\(total)",
            ], directory: daemon.directory.path, within: 120)
        #expect(result.code == 0, "\(result.errors.suffix(500))")
        #expect(try jobs.number("stat:processed") == total, "\(daemon.log.suffix(2000))")
        #expect(result.output.contains("ended with 0"))
        #expect(result.output.split(separator: "\n").count { $0 == "a stranger lives" } == 8)
        #expect(daemon.text(of: "strangers") == "")
        let failed = try jobs.members(of: "retry").map { Jobs.object($0.payload) }
        #expect(failed.count == total / 4)
        #expect(failed.allSatisfy { $0["class"] as? String == "Stays" && $0["error_class"] as? String == "Timeout" })
    }
}

enum ProcessNumbers {
    /// Whether we can make a namespace of them, and say in it which is next.
    static let areOurs =
        geteuid() == 0
        && Program.run([
            "/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "/bin/sh", "-c",
            "test -w /proc/sys/kernel/ns_last_pid",
        ])
        .code == 0
}
