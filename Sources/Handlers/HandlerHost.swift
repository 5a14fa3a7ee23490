import Logging
package import Platform

/// Starts a process without holding up the leader: runs `spec.spawn()` in another thread and calls the completion on the
/// leader's thread. The descriptors the specification names stay open until then.
package typealias Spawner = (ProcessSpec, @escaping (Result<ChildProcess, SpawnError>) -> Void) -> Void

/// A handler's process that was just started.
struct StartedHandler {
    let child: any HandlerChild
    /// Its cgroup, to be given back when it has ended; nil where there are none.
    let group: HandlerGroup?
    /// Of the program it was forked with; nil if it has just read its program.
    var generation: Int?
}

/// What a handler process needs from the dispatcher. Only the leader touches it.
final class HandlerHost {
    let loop: EventLoop
    let spawn: Spawner
    let log: Logger
    /// Where what handlers print goes.
    let output: (HandlerOutput) -> Void
    let board: RunBoard
    let adopted: AdoptedProcesses
    let groups: HandlerGroups
    let roster = Roster()
    /// Moves forked processes into their cgroups.
    let placing: Errands
    /// Nil where nobody looks every second.
    let kernelKills: KernelKills?
    /// 0 ..< 1, drawn anew by each call.
    let chance: () -> Double
    /// Which runs are measured.
    var sampling: Sampling
    let memory: MemoryWatch
    /// Nobody waits long for what does not end.
    var isStopping = false
    /// Where every read lands first. 64 KiB is a pipe's capacity, and all that one descriptor gets in a turn.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    init(
        loop: EventLoop, spawn: @escaping Spawner, log: Logger,
        output: @escaping (HandlerOutput) -> Void, board: RunBoard, adopted: AdoptedProcesses,
        groups: HandlerGroups, kernelKills: KernelKills?, chance: @escaping () -> Double, sampling: Sampling,
        memory: MemoryWatch
    ) {
        self.loop = loop
        placing = Errands(name: "placing", loop: loop)
        self.spawn = spawn
        self.log = log
        self.output = output
        self.board = board
        self.adopted = adopted
        self.groups = groups
        self.kernelKills = kernelKills
        self.chance = chance
        self.sampling = sampling
        self.memory = memory
    }

    /// Spawns in another thread, into a cgroup of its own where there are any. When it is done their ends of the pipes are
    /// closed and `completion` is called.
    ///
    /// - Throws: why the handler's limits cannot be set.
    func start(
        _ handler: Handler, _ spec: ProcessSpec, _ pipes: HandlerPipes,
        _ completion: @escaping (Result<StartedHandler, SpawnError>) -> Void
    ) throws(SystemError) {
        let group = try groups.take(for: handler.settings)
        var spec = spec
        spec.controlGroup = group?.control
        let ticket = adopted.willSpawn()
        spawn(spec) { [self] result in
            switch result {
            case .success(let child): adopted.didSpawn(ticket, pid: child.pid)
            case .failure:
                adopted.didSpawn(ticket, pid: nil)
                if let group { groups.giveBack(group) }
            }
            pipes.closeTheirEnds()
            completion(result.map { StartedHandler(child: $0, group: group) })
            board.deliver()
        }
    }

    /// - Precondition: epoll can take the descriptor, as it can every pipe and pidfd. What is left to fail is the kernel's
    ///   memory or its limit on watches per user, and a worker that cannot watch its handlers must not go on.
    func watch(_ descriptor: Int32, for interest: Interest, early: Bool = false, _ sink: any EventSink) {
        do throws(SystemError) {
            try loop.watch(descriptor, for: interest, early: early, sink)
        } catch {
            preconditionFailure("cannot watch a handler's descriptor: \(error)")
        }
    }

    enum ReadStep { case some, nothing, end }

    /// One read into the scratch buffer, and so one budget: a flood waits for its next turn like everybody else.
    func read(_ read: (UnsafeMutableRawBufferPointer) -> IOResult, _ take: (UnsafeRawBufferPointer) -> Void) -> ReadStep
    {
        switch read(scratch) {
        case .bytes(let count):
            take(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
            return .some
        case .wouldBlock: return .nothing
        case .end, .failed: return .end
        }
    }

    deinit { scratch.deallocate() }
}
