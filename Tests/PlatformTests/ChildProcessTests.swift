import Glibc
import Platform
import Testing

@Suite("A child that runs and ends")
struct ChildProcessTests {
    @Test("an exit status is reported once, and not before the end")
    func exitStatus() throws {
        let gate = try FileDescriptor.pipe()
        let child = try shell("read line; exit 42") { $0.descriptors = [(0, gate.read.raw)] }
        #expect(child.reap() == nil)
        _ = [UInt8]("go\n".utf8).withUnsafeBytes { gate.write.write($0) }
        #expect(child.wait(until: soon())?.status == .exited(42))
        #expect(child.reap() == nil)
    }

    @Test("one whose status somebody else took has ended all the same, its status lost")
    func taken() throws {
        let child = try shell("exit 3")
        var status: Int32 = 0
        #expect(waitpid(child.pid, &status, 0) == child.pid)
        #expect(child.reap()?.status == .lost)
        #expect(child.reap() == nil)
    }

    @Test("a deadline that comes first leaves the child running")
    func deadline() throws {
        let child = try shell("exec sleep 100")
        defer { end(child) }
        #expect(child.wait(until: .now().advanced(bySeconds: 0.01)) == nil)
        #expect(isAlive(child.pid))
    }

    @Test("a child ended by a signal says which")
    func signaled() throws {
        let child = try shell("exec sleep 100")
        child.signal(.terminate)
        let report = try #require(child.wait(until: soon()))
        #expect(report.status == .signaled(.terminate, coreDumped: false))
        #expect(report.status.description == "killed by SIGTERM")
    }

    @Test("a program that ignores SIGTERM ends by SIGKILL")
    func stubborn() throws {
        let out = try FileDescriptor.pipe()
        let child = try shell("trap '' TERM; echo ready; while :; do sleep 1; done") {
            $0.descriptors = [(1, out.write.raw)]
        }
        #expect(try read(6, from: out.read) == Array("ready\n".utf8))
        child.signal(.terminate)
        #expect(child.wait(until: .now().advanced(bySeconds: 0.05)) == nil)
        child.signalGroup(.kill)
        #expect(child.wait(until: soon())?.status == .signaled(.kill, coreDumped: false))
    }

    @Test("a signal to the group reaches what the child started, also after the child itself has ended")
    func groupSignal() throws {
        let out = try FileDescriptor.pipe()
        let child = try shell("sleep 100 & echo $!") { $0.descriptors = [(1, out.write.raw)] }
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n") { line += try read(1, from: out.read) }
        let grandchild = try #require(Int32(String(decoding: line.dropLast(), as: UTF8.self)))
        try eventually("the child has ended") { !isAlive(child.pid) }
        #expect(isAlive(grandchild))
        child.signalGroup(.kill)
        try eventually("the grandchild has ended") { !isAlive(grandchild) }
        #expect(child.reap()?.status == .exited(0))
        // After the report the number may be somebody else's: nothing is sent any more.
        child.signalGroup(.kill)
        child.signal(.kill)
    }

    @Test("the report tells what the child used")
    func usage() throws {
        let child = try shell("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done")
        let report = try #require(child.wait(until: soon()))
        #expect(report.cpuSeconds > 0.001)
        #expect(report.maximumResidentKB > 300)
    }

    @Test("a pidfd becomes readable when the child ends")
    func pidfd() throws {
        let loop = try EventLoop()
        let child = try shell("exit 3")
        let sink = Recorder()
        try loop.watch(child.pidfd, for: .readable, sink)
        while sink.events.isEmpty { try loop.turn(upTo: soon()) }
        #expect(child.reap()?.status == .exited(3))
        loop.forget(child.pidfd)
    }
}

/// Remembers what it is told.
final class Recorder: EventSink {
    var events: [(fd: Int32, readiness: Readiness)] = []
    var action: (Int32) -> Void = { _ in }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        events.append((fd, readiness))
        action(fd)
    }
}
