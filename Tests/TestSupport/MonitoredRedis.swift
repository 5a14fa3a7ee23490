import Glibc
import Platform
package import Redis
import Testing

/// A master, a replica and sentinels that watch them, all real. A master that does not answer for a second is replaced.
package final class MonitoredRedis {
    /// The server that begins as the master, and the one that begins as its replica.
    package let first: RedisServer
    package let second: RedisServer
    package let firstPort: Int
    package let secondPort: Int
    package private(set) var sentinelPorts: [Int] = []
    private var sentinels: [Sentinel] = []

    /// - Parameter count: of sentinels; more than half of them must agree.
    package init(sentinels count: Int = 3) throws {
        firstPort = try freePort()
        secondPort = try freePort()
        let common = ["--bind", "127.0.0.1", "--appendonly", "yes", "--repl-diskless-sync-delay", "0"]
        first = RedisServer(common + ["--port", String(firstPort)])
        second = RedisServer(
            common + ["--port", String(secondPort), "--replicaof", "127.0.0.1", String(firstPort)])
        let master = try first.connect()
        try eventually("the replica follows") {
            try master.call(RedisCommand("ROLE")).elements?[2].elements?.isEmpty == false
        }
        for _ in 0..<count { try sentinels.append(Sentinel(master: firstPort, quorum: count / 2 + 1)) }
        sentinelPorts = sentinels.map(\.port)
        eventually(within: 30, "the sentinels know each other and the replica") {
            sentinels.allSatisfy { (try? $0.knows(others: count - 1)) == true }  // It may not listen yet.
        }
    }

    deinit { stop() }

    package func stop() {
        for sentinel in sentinels { sentinel.stop() }
        second.stop()
        first.stop()
    }

    package var endpoint: RedisEndpoint {
        RedisEndpoint(
            .tcp(host: "", port: 0),
            sentinels: SentinelOptions(
                addresses: sentinelPorts.map { .init(host: "127.0.0.1", port: $0) }, master: "mymaster"))
    }

    /// Ends one sentinel with SIGKILL.
    package func stopSentinel(_ index: Int) { sentinels[index].stop() }

    /// Has the replica promoted while the master lives and goes on taking writes.
    package func failOver() {
        // A sentinel promotes only what it has asked for news in the last seconds.
        eventually("a failover begins") {
            (try? sentinels[0].call("SENTINEL", "FAILOVER", "mymaster")) != nil
        }
    }
}

/// One sentinel with its file.
private final class Sentinel {
    let port: Int
    private let directory = TemporaryDirectory()
    private var child: ChildProcess?
    // While it is open the sentinel lives, as in `RedisServer`.
    private var lifeline: FileDescriptor?

    init(master: Int, quorum: Int) throws {
        port = try freePort()
        let file = "\(directory.path)/sentinel.conf"
        let configuration = """
            port \(port)
            bind 127.0.0.1
            dir \(directory.path)
            logfile \(directory.path)/log
            sentinel monitor mymaster 127.0.0.1 \(master) \(quorum)
            sentinel down-after-milliseconds mymaster 1000
            sentinel failover-timeout mymaster 3000
            """
        let descriptor = try FileDescriptor.open(file, O_WRONLY | O_CREAT)
        let failure = Array(configuration.utf8).withUnsafeBytes { descriptor.writeAll($0) }
        precondition(failure == nil, "cannot write \(file)")
        let pipe = try FileDescriptor.pipe()
        child = try ProcessSpec(
            executable: "/bin/sh",
            arguments: [
                "sh", "-c", #""$@" & server=$!; read -r _; kill -KILL "$server"; wait "$server""#, "sh", "redis-server",
                file, "--sentinel",
            ],
            environment: ["PATH=/usr/local/bin:/usr/bin:/bin"], descriptors: [(child: 0, parent: pipe.read.raw)]
        ).spawn()
        let end = pipe.write
        lifeline = consume end
    }

    deinit { stop() }

    func stop() {
        guard let child else { return }
        lifeline = nil
        if child.wait(until: .now().advanced(bySeconds: 20)) == nil { child.signalGroup(.kill) }
        self.child = nil
    }

    func knows(others: Int) throws -> Bool {
        let facts = try call("SENTINEL", "MASTER", "mymaster").pairs ?? []
        func number(_ name: String) -> Int? { facts.first { $0.name.text == name }?.value.integer }
        return number("num-other-sentinels") == others && number("num-slaves") == 1
    }

    @discardableResult
    func call(_ words: String...) throws -> RedisReply {
        let address = SentinelOptions.Address(host: "127.0.0.1", port: port)
        return try RedisConnection.open(
            address, of: SentinelOptions(addresses: [address], master: "mymaster"), tls: nil, patienceSeconds: 10
        ).call(RedisCommand(words)).accepted()
    }
}
