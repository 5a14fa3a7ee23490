import Glibc
import Platform
import Testing

@Suite("Threads, locks and signals")
struct ThreadTests {
    @Test("a thread has its name and every signal blocked")
    func nameAndMask() throws {
        let result = Monitor<String?>(nil)
        #expect(
            OSThread.start(name: "a-very-long-name-of-a-thread") {
                let file = try? FileDescriptor.open("/proc/thread-self/status", O_RDONLY)
                let status = (try? file?.readAll()) ?? []
                result.withLock { $0 = String(decoding: status, as: UTF8.self) }
                result.notifyAll()
            })
        let status = try #require(result.wait(until: soon()) { $0 })
        #expect(status.hasPrefix("Name:\ta-very-long-nam\n"))
        // All but KILL, STOP and the two signals the C library keeps for itself.
        #expect(status.contains("SigBlk:\tfffffffe7ffbfeff\n"))
    }

    @Test("a monitor wakes whoever waits for what became true")
    func monitor() {
        let monitor = Monitor(0)
        for _ in 0..<4 {
            OSThread.start(name: "adder") {
                for _ in 0..<1000 {
                    monitor.withLock { $0 += 1 }
                    monitor.notify()
                }
            }
        }
        #expect(monitor.wait(until: soon()) { $0 == 4000 ? "all" : nil } == "all")
    }

    @Test("a wait ends at its deadline")
    func monitorDeadline() {
        let monitor = Monitor(false)
        let deadline = MonotonicTime.now().advanced(bySeconds: 0.02)
        #expect(monitor.wait(until: deadline) { $0 ? true : nil } == nil)
        #expect(MonotonicTime.now() >= deadline)
    }

    @Test("a signal can be read from its descriptor, with its sender")
    func signalDescriptor() throws {
        // In a thread of its own, and sent to it alone: the others of this process do not block it.
        let result = Monitor<(signal: Signal, senderPID: Int32)?>(nil)
        OSThread.start(name: "signalled") {
            guard let signals = try? SignalDescriptor(blocking: [.user1, .hangup]), signals.next() == nil else {
                return
            }
            pthread_kill(pthread_self(), SIGUSR1)
            result.withLock { $0 = signals.next() }
            result.notifyAll()
        }
        let read = try #require(result.wait(until: soon()) { $0 })
        #expect(read.signal == .user1)
        #expect(read.senderPID == getpid())
    }

    @Test(
        "signals have their names",
        arguments: [
            (15, "SIGTERM"), (20, "SIGTSTP"), (31, "SIGSYS"), (34, "SIGRTMIN"), (40, "SIGRTMIN+6"), (99, "signal 99"),
        ])
    func signalNames(number: Int32, name: String) { #expect(Signal(number: number).name == name) }

    @Test("writing to a pipe nobody reads is an answer, not the end")
    func brokenPipe() throws {
        SignalDescriptor.ignoreBrokenPipes()
        let pipe = try FileDescriptor.pipe()
        let write = pipe.write
        _ = consume pipe.read
        #expect([UInt8(1)].withUnsafeBytes { write.write($0) } == .failed(EPIPE))
    }
}
