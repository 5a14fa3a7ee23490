import Glibc
import Platform
import TestSupport
import Testing

/// Connections that are not cut and yet do not work.
@Suite("A way to Redis that is slow, silent or mad costs no job")
struct WireTests {
    @Test("late commands, stalled answers, single bytes and nonsense: every job once")
    func disturbances() throws {
        try FaultScene.run { faults in
            for fault in [Fault.fragment, .garble, .delay(0.3), .stall(0.3)] {
                for name in ["exchange", "beat", "HKEYS"] {
                    faults.proxy.inject(fault, on: name)
                    try faults.pushOfEachKind()
                    try faults.settle("after \(fault) \(name)")
                }
            }
            faults.proxy.inject(.fragment, on: "*", times: 200)
            for _ in 0..<5 { try faults.pushOfEachKind() }
            try faults.settle("in single bytes")
            faults.proxy.relent()
            faults.proxy.slow(bySeconds: 0.02)
            for _ in 0..<5 { try faults.pushOfEachKind() }
            try faults.settle("with 20 ms of latency")
            faults.proxy.slow(bySeconds: 0)
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test(
        "a command that Redis carries out after the worker has given it up: what it fetched runs, what it settled stays"
    )
    func late() throws {
        try FaultScene.run { faults in
            // Longer than the 3 s a worker waits for an answer.
            faults.proxy.inject(.delay(4), on: "exchange", number: 2)
            for _ in 0..<3 { try faults.pushOfEachKind() }
            try faults.settle("after an exchange that came late")
            eventually(within: 20, "the fault happens") { faults.proxy.isSpent }
            usleep(2_000_000)  // The late command arrives after everything seemed settled.
            for _ in 0..<3 { try faults.pushOfEachKind() }
            try faults.settle("after the late exchange was carried out")
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test("a connection that falls silent is given up within seconds, and its jobs go on on another")
    func silent() throws {
        try FaultScene.run { faults in
            faults.proxy.inject(.halfOpen, on: "exchange", number: 2)
            for _ in 0..<3 { try faults.pushOfEachKind() }
            let start = MonotonicTime.now()
            try faults.settle("after the connection fell silent")
            // 3 s for the answer, 1 s for the look at the clock, 0.1 s for the pause, and a busy machine.
            #expect(MonotonicTime.now().seconds(since: start) < 10)
            // All may have been settled by the exchange whose answer was lost.
            eventually(within: 10, "the worker gives it up") { faults.daemon.log.contains("timed out") }
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test("while connections are refused, each process tries seldom, and comes back by itself")
    func refused() throws {
        try FaultScene.run { faults in
            faults.proxy.refuse(true)
            faults.proxy.cutAll()
            usleep(1_500_000)  // The first pauses are short: 0.1 s, 0.2 s, 0.4 s, 0.8 s.
            let before = faults.proxy.attempts
            usleep(6_000_000)
            // A worker and a scheduler; pauses of 0.8 s at the least by now, doubling to 5 s.
            #expect(faults.proxy.attempts - before <= 12)
            try faults.pushOfEachKind()
            faults.proxy.refuse(false)
            try faults.settle("once Redis is back")
            try faults.proveExactly()
            try faults.finish()
        }
    }
}
