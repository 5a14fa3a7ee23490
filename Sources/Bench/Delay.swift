import Glibc
import Platform

/// A way to a Redis that takes a while: a proxy of the bench's own, delay.c.
final class Delay {
    let socket: String
    private let child: ChildProcess

    /// - Parameter microseconds: each way.
    init(microseconds: Int, to server: Server, _ workshop: Workshop, _ patience: Patience) throws {
        let socket = workshop.file("delay.sock")
        workshop.remove("delay.sock")
        let log = try FileDescriptor.open(workshop.file("delay.log"), O_WRONLY | O_CREAT | O_TRUNC)
        child = try workshop.spec(
            workshop.file("delay"), [socket, server.socket, "\(microseconds)"], output: log.raw, onDeath: .kill
        ).spawn()
        self.socket = socket
        try patience.wait(for: "the proxy \(workshop.text("delay.log"))", limit: 10) { workshop.exists("delay.sock") }
    }

    func stop() {
        child.signal(.kill)
        _ = child.wait(until: .never)
    }
}
