import Glibc
import Platform
import TestSupport
import Testing

/// Pushes jobs and does harm, in an order that follows from a seed.
struct Chaos {
    private let scene: Scene
    private var random: SeededRandom
    private var frozen: [(pid: Int32, until: MonotonicTime)] = []
    private(set) var pushed: [String] = []
    private(set) var deeds = 0

    init(_ scene: Scene, seed: UInt64) {
        self.scene = scene
        random = SeededRandom(seed: seed)
    }

    mutating func rage(until end: MonotonicTime) throws {
        while MonotonicTime.now() < end {
            try push(Int.random(in: 1...80, using: &random))
            try harm()
            usleep(UInt32.random(in: 20_000...300_000, using: &random))
            thaw(before: .now())
        }
    }

    /// No more harm; what is frozen goes on.
    mutating func calm() {
        thaw(before: .never)
        if !scene.daemon.isRunning { restart() }
    }

    private mutating func push(_ count: Int) throws {
        let jids = (pushed.count..<(pushed.count + count)).map { "q\($0)" }
        try scene.jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
        pushed += jids
    }

    private mutating func harm() throws {
        deeds += 1
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<6: if let pid = someWorker() { kill(pid, SIGKILL) }
        case 6..<11: try scene.jobs.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        case 11..<16:
            guard let pid = someWorker() else { return }
            kill(pid, SIGSTOP)
            let seconds = Double.random(in: 0.05...1.5, using: &random)
            frozen.append((pid, .now().advanced(bySeconds: seconds)))
        case 16: for pid in scene.daemon.schedulers { kill(pid, SIGKILL) }
        case 17:
            let handlers = scene.daemon.tree.filter { Daemon.arguments(of: $0.pid).first == QuickHandler.path }
            if let victim = handlers.randomElement(using: &random) { ProcessTree.send(.kill, to: victim) }
        case 18:
            scene.daemon.signal(.kill)
            restart()
        default: break
        }
    }

    private mutating func restart() {
        scene.daemon.waitForExit()
        thaw(before: .never)
        scene.daemon.start()
    }

    private mutating func someWorker() -> Int32? { scene.daemon.workers.sorted().randomElement(using: &random) }

    private mutating func thaw(before now: MonotonicTime) {
        for item in frozen where item.until <= now { kill(item.pid, SIGCONT) }
        frozen.removeAll { $0.until <= now }
    }
}
