import Glibc
import Platform
import Testing

@Suite("Waiting for everything at once")
struct EventLoopTests {
    private let byte: [UInt8] = [UInt8(ascii: "x")]

    private func write(_ pipe: borrowing FileDescriptor.Pipe) {
        _ = byte.withUnsafeBytes { pipe.write.write($0) }
    }

    /// One turn that does not wait.
    private func turn(_ loop: EventLoop) throws { try loop.turn(upTo: .now()) }

    @Test("a descriptor is reported for as long as there is something to read")
    func levelTriggered() throws {
        let loop = try EventLoop()
        let pipe = try FileDescriptor.pipe()
        let sink = Recorder()
        try loop.watch(pipe.read.raw, for: .readable, sink)
        try turn(loop)
        #expect(sink.events.isEmpty)
        write(pipe)
        try turn(loop)
        try turn(loop)
        #expect(sink.events.map(\.readiness) == [.readable, .readable])
        _ = try read(1, from: pipe.read)
        try turn(loop)
        #expect(sink.events.count == 2)
    }

    @Test("of what is ready together the early is told first, whichever became ready first")
    func early() throws {
        let loop = try EventLoop()
        let answer = try FileDescriptor.pipe()
        let output = try FileDescriptor.pipe()
        let sink = Recorder()
        try loop.watch(answer.read.raw, for: .readable, sink)
        try loop.watch(output.read.raw, for: .readable, early: true, sink)
        write(answer)
        write(output)
        try turn(loop)
        #expect(sink.events.map(\.fd) == [output.read.raw, answer.read.raw])
    }

    @Test("the other side's end is reported, also to those who only write")
    func hangup() throws {
        let loop = try EventLoop()
        let pair = try FileDescriptor.socketPair()
        let ours = pair.ours
        let sink = Recorder()
        try loop.watch(ours.raw, for: .readable, sink)
        _ = consume pair.theirs
        try turn(loop)
        #expect(sink.events.first?.readiness == [.readable, .hangup])
    }

    @Test("a descriptor nothing is wanted of is silent, even after a hang-up, and can be taken up again")
    func paused() throws {
        let loop = try EventLoop()
        let pair = try FileDescriptor.socketPair()
        let ours = pair.ours
        let sink = Recorder()
        try loop.watch(ours.raw, for: .readable, sink)
        loop.change(ours.raw, to: [])
        _ = consume pair.theirs
        let start = MonotonicTime.now()
        // The kernel mentions the hang-up once or twice; after that a turn waits for its deadline.
        let end = start.advanced(bySeconds: 0.03)
        var turns = 0
        while MonotonicTime.now() < end {
            try loop.turn(upTo: end)
            turns += 1
        }
        #expect(turns <= 5, "it does not spin")
        #expect(sink.events.isEmpty)
        loop.change(ours.raw, to: .readable)
        try turn(loop)
        #expect(sink.events.count == 1)
    }

    @Test("what was forgotten in a turn is not told in that turn any more")
    func forgottenInBatch() throws {
        let loop = try EventLoop()
        let first = try FileDescriptor.pipe()
        let second = try FileDescriptor.pipe()
        let numbers = [first.read.raw, second.read.raw]
        let sink = Recorder()
        sink.action = { fd in for other in numbers where other != fd { loop.forget(other) } }
        for fd in numbers { try loop.watch(fd, for: .readable, sink) }
        write(first)
        write(second)
        try turn(loop)
        #expect(sink.events.count == 1)
    }

    @Test("a number closed and reused in a turn does not hear of its predecessor")
    func reusedInBatch() throws {
        let loop = try EventLoop()
        let first = try FileDescriptor.pipe()
        let second = try FileDescriptor.pipe()
        let spare = try FileDescriptor.pipe()
        let numbers = [first.read.raw, second.read.raw]
        let newcomer = Recorder()
        let sink = Recorder()
        let replacement = spare.read.raw
        sink.action = { fd in
            for other in numbers where other != fd {
                loop.forget(other)
                // The same number, another open file, nothing to read.
                dup2(replacement, other)
                #expect(throws: Never.self) { try loop.watch(other, for: .readable, newcomer) }
            }
        }
        for fd in numbers { try loop.watch(fd, for: .readable, sink) }
        write(first)
        write(second)
        try turn(loop)
        #expect(sink.events.count == 1)
        #expect(newcomer.events.isEmpty)
        write(spare)
        sink.action = { _ in }
        try turn(loop)
        #expect(newcomer.events.count == 1)
    }

    @Test("timers run in the order of their times, once, and not when cancelled")
    func timers() throws {
        let loop = try EventLoop()
        let now = MonotonicTime.now()
        var order: [Int] = []
        loop.at(now.advanced(bySeconds: 0.02)) { order.append(3) }
        loop.at(now.advanced(bySeconds: 0.01)) { order.append(2) }
        loop.at(now) { order.append(1) }
        let cancelled = loop.at(now) { order.append(-1) }
        loop.cancel(cancelled)
        let limit = soon()
        while order.count < 3, MonotonicTime.now() < limit { try loop.turn(upTo: limit) }
        try turn(loop)
        #expect(order == [1, 2, 3])
        #expect(MonotonicTime.now().seconds(since: now) >= 0.02)
    }

    @Test("a timer that sets itself again does not keep a turn from ending")
    func selfSettingTimer() throws {
        let loop = try EventLoop()
        var runs = 0
        func again() {
            runs += 1
            loop.at(.now()) { again() }
        }
        loop.at(.now()) { again() }
        try turn(loop)
        #expect(runs == 1)
        try turn(loop)
        #expect(runs == 2)
    }

    @Test("another thread ends the wait, and no signal is lost")
    func wakeUp() throws {
        let loop = try EventLoop()
        let queue = Monitor(0)
        let wake = loop.wake
        for _ in 0..<4 {
            OSThread.start(name: "waker") {
                for _ in 0..<1000 {
                    queue.withLock { $0 += 1 }
                    wake.signal()
                }
            }
        }
        var taken = 0
        loop.onWake = {
            taken += queue.withLock { count in
                defer { count = 0 }
                return count
            }
        }
        let limit = soon()
        while taken < 4000, MonotonicTime.now() < limit { try loop.turn(upTo: limit) }
        #expect(taken == 4000)
    }

    @Test("more descriptors than fit in one turn are all served")
    func manyDescriptors() throws {
        _ = OpenFiles.raise()
        let loop = try EventLoop()
        let pair = try FileDescriptor.socketPair()
        var copies: [Int32] = []
        defer { for fd in copies { close(fd) } }
        for _ in 0..<1000 { copies.append(try pair.ours.duplicate().release()) }
        let sink = Recorder()
        for fd in copies { try loop.watch(fd, for: .readable, sink) }
        let channel = ControlChannel(adopting: try pair.theirs.duplicate())
        #expect(channel.send(.ready))
        for _ in 0..<10 { try turn(loop) }
        #expect(Set(sink.events.map(\.fd)) == Set(copies))
        for fd in copies { loop.forget(fd) }
    }

    @Test("a regular file cannot be watched, and the loop says so")
    func regularFile() throws {
        let loop = try EventLoop()
        let file = try FileDescriptor.open("/etc/passwd", O_RDONLY)
        let error = #expect(throws: SystemError.self) { try loop.watch(file.raw, for: .readable, Recorder()) }
        #expect(error?.code == EPERM)
    }
}
