import Glibc
import Platform
import Redis

/// From a push to the handler's start, when nothing else is to be done.
extension Rig {
    func latency(_ jobs: Int) throws -> Sample {
        workshop.remove("stamps")
        return try withDaemon(.init(command: ["./serve", "stamp", workshop.file("stamps")]), server) { daemon in
            try pushOneByOne(jobs)
        }
    }

    /// The same handler behind a C program that fetches one job at a time.
    func bareLatency(_ jobs: Int) throws -> Sample {
        try server.call("FLUSHALL")
        workshop.remove("stamps")
        let arguments = [
            server.socket, "\(jobs + 1)", workshop.file("serve"), "stamp", workshop.file("stamps"),
        ]
        let log = try FileDescriptor.open(workshop.file("turn.log"), O_WRONLY | O_CREAT | O_TRUNC)
        let child = try workshop.spec(workshop.file("turn"), arguments, output: log.raw, onDeath: .kill).spawn()
        defer {
            child.signalGroup(.kill)
            _ = child.wait(until: .never)
        }
        try patience.wait(for: "the bare program", limit: 10) { try server.integer("SCARD", "processes") == 1 }
        return try pushOneByOne(jobs)
    }

    /// The first job is not counted: it may have to wait until a handler has started.
    private func pushOneByOne(_ jobs: Int) throws -> Sample {
        for number in 0...jobs {
            var command = RedisCommand(["LPUSH", "queue:default"])
            command.add(Backlog.payload(number, argument: String(Self.nanoseconds())))
            try server.connection.call(command).accepted()
            try patience.wait(for: "job \(number) to start", limit: 10) { stamps().count > number }
            // Long enough that everybody has gone back to sleep.
            try patience.wait(seconds: 0.010)
        }
        return Sample(latencies: stamps().dropFirst().map { $0 / 1e6 })
    }

    /// Nanoseconds that handlers wrote down, see serve.c.
    func stamps() -> [Double] { workshop.text("stamps").split(separator: "\n").compactMap { Double($0) } }

    /// CLOCK_REALTIME, which the handler reads too.
    static func nanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
