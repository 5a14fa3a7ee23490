import Configuration
import Glibc
import JobModel
import Logging
import Platform

/// Who is told how a handler's process ended.
protocol HandlerProcessOwner: AnyObject {
    /// The run that what the process prints now belongs to; nil if that cannot be known.
    var printingRun: Run? { get }
    /// How many runs it has.
    var runCount: Int { get }
    /// Its run with this jid; nil if it has none.
    func run(jid: String) -> Run?
    /// The slot of a run of it; nil if it has none.
    var slot: Int? { get }
    /// It printed so many bytes.
    func printed(_ count: Int)
    /// The process has ended and will be reaped next: what the kernel still knows of it can be read now.
    func processEnds()
    /// The process has ended and was reaped; nothing is left of its process group. What it wrote to other pipes before can
    /// still be read.
    ///
    /// - Parameter circumstances: of a kill; otherwise empty.
    func processEnded(_ report: ExitReport, lastLines: String, _ circumstances: Circumstances)
}

/// Of a process that has one run or none.
extension HandlerProcessOwner {
    var runCount: Int { printingRun == nil ? 0 : 1 }
    func run(jid: String) -> Run? { nil }
}

/// A running process of a handler, whatever its mode: its output, its signals, its end.
///
/// Only the leader touches it.
final class HandlerProcess: EventSink {
    /// At its end, this much of what is still in its output pipes is read: a pipe's capacity is 64 KiB, and a grandchild
    /// may go on filling it.
    private static let lastReads = 4

    /// What is dropped anyway is read a pipe's content (64 KiB) at a time with this pause between: some 40 MB a second. Without
    /// it a flood would take a core from all others, half of it ours.
    private static let secondsBetweenFloods = 0.001

    /// A killed process is gone in milliseconds, unless the kernel holds it (a dead file server). After so many seconds its
    /// run is settled without it and its slot is written off.
    ///
    /// Not one instruction of it is executed any more: what can still take effect is the system call it is in.
    static let secondsToDie = 5.0
    /// The same at a stop, which has 1.6 s in all beside the time-out: 1 of grace, then this.
    static let secondsToDieAtStop = 0.4
    /// What is taken for its end then.
    static let writtenOff = ExitReport(
        status: .signaled(.kill, coreDumped: false), cpuSeconds: 0, maximumResidentKB: 0)

    let pid: Int32
    private let child: any HandlerChild
    private let host: HandlerHost
    /// Until it has been told the end.
    private var owner: (any HandlerProcessOwner)?
    private let handler: String
    private let jid: String?
    private var group: HandlerGroup?
    private var stdout: FileDescriptor?
    private var stderr: FileDescriptor?
    private var output: OutputValve
    /// Seen, though perhaps not reaped yet: whoever reaps it, its number may be another process's from then on.
    private var isEnding = false
    /// By us.
    private var wasKilled = false
    /// When it was given up; nil while it was not.
    private var givenUpAt: MonotonicTime?

    /// Takes the output pipes over and watches them and the process.
    ///
    /// - Parameter jid: for a process that runs one job; marks the processes it leaves behind.
    init(
        _ started: StartedHandler, of handler: Handler, jid: String?, pipes: HandlerPipes,
        owner: any HandlerProcessOwner, host: HandlerHost
    ) {
        let child = started.child
        self.child = child
        group = started.group
        self.host = host
        self.owner = owner
        self.handler = handler.settings.name
        self.jid = jid
        pid = child.pid
        host.roster.add(child.pid, handler: handler.settings.name)
        stdout = pipes.stdout.take()
        stderr = pipes.stderr.take()
        output = OutputValve(
            handler: handler.settings.name, pid: child.pid, limit: handler.settings.confinement.output, now: .now(),
            pass: host.output)
        host.watch(child.pidfd, for: .readable, self)
        // Early: what a handler prints during a job comes before its answer, and is logged under that job.
        if let raw = stdout?.raw { host.watch(raw, for: .readable, early: true, self) }
        if let raw = stderr?.raw { host.watch(raw, for: .readable, early: true, self) }
    }

    /// That of its temporary files, for those it forks.
    var privateDirectory: PrivateDirectory? { child.privateDirectory }

    /// Whether it has a process group of its own, as far as that can still be known.
    var leadsGroup: Bool { isEnding || child.leadsGroup }

    /// Asks the whole process group to end.
    func terminate() {
        guard !isEnding else { return }
        child.signalGroup(.terminate)
        // One that stopped itself would not see the request before the grace is over.
        child.signalGroup(.continue)
    }

    /// Ends the process group and every descendant that left it.
    ///
    /// - Parameter sparingDescendants: whether those that left the group go on.
    func kill(sparingDescendants: Bool = false) {
        guard !isEnding else { return }
        wasKilled = true
        guard !sparingDescendants else { return child.signalGroup(.kill) }
        // One step for all of them; without a cgroup they are looked for in /proc.
        if group?.control.kill() != true { host.adopted.killTree(pid) }
        child.signalGroup(.kill)
    }

    /// It was killed and does not end. Told, and told again when it does.
    func giveUp() {
        givenUpAt = .now()
        log(
            .error,
            "a killed process of a handler does not end: the kernel holds it; its slot is written off until it does")
    }

    private func log(_ level: Logger.Level, _ text: String) {
        var metadata: Logger.Metadata = ["handler": "\(handler)", "handler_pid": .stringConvertible(pid)]
        if let jid { metadata["jid"] = "\(jid)" }
        host.log.log(level: level, "\(text)", metadata: metadata)
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        if fd == child.pidfd {
            end()
        } else if fd == stdout?.raw {
            readReady(.stdout)
        } else if fd == stderr?.raw {
            readReady(.stderr)
        }
        host.board.deliver()
    }

    private func readReady(_ stream: HandlerOutput.Stream) {
        if read(stream) == .end {
            close(stream)
        } else if output.isFlooded, let raw = descriptor(of: stream) {
            host.loop.change(raw, to: [])
            _ = host.loop.at(MonotonicTime.now().advanced(bySeconds: Self.secondsBetweenFloods)) { [self] in
                if let raw = descriptor(of: stream) { host.loop.change(raw, to: .readable) }
            }
        }
    }

    private func descriptor(of stream: HandlerOutput.Stream) -> Int32? {
        switch stream {
        case .stdout: stdout?.raw
        case .stderr: stderr?.raw
        }
    }

    private func read(_ stream: HandlerOutput.Stream) -> HandlerHost.ReadStep {
        host.read {
            switch stream {
            case .stdout: stdout?.read(into: $0) ?? .end
            case .stderr: stderr?.read(into: $0) ?? .end
            }
        } _: {
            owner?.printed($0.count)
            output.take($0, from: stream, of: speaker, now: .now())
        }
    }

    private var speaker: Speaker {
        guard let owner else { return .nobody }
        if let run = owner.printingRun { return .run(run) }
        let count = owner.runCount
        return count == 0 ? .nobody : .several(count) { [weak owner] in owner?.run(jid: $0) }
    }

    /// One of its runs is over.
    func runEnded(_ number: Int) { output.runEnded(number) }

    private func close(_ stream: HandlerOutput.Stream) {
        output.end(stream, of: speaker)
        switch stream {
        case .stdout:
            if let raw = stdout?.raw { host.loop.forget(raw) }
            stdout = nil
        case .stderr:
            if let raw = stderr?.raw { host.loop.forget(raw) }
            stderr = nil
        }
    }

    /// The order matters: until the leader is reaped its number is also its group's, and nobody else's.
    private func end() {
        isEnding = true
        owner?.processEnds()
        child.signalGroup(.kill)
        let shortage = group?.shortage()
        if let group { host.groups.giveBack(group) }
        group = nil
        let inode = stderr?.raw ?? stdout?.raw
        host.adopted.killLeftovers { [pid, handler, slot = owner?.slot, jid] in
            AdoptedProcesses.Mark(
                leader: pid, output: inode.flatMap(ProcessFile.inode(of:)), jid: jid, handler: handler, slot: slot)
        }
        for stream in [HandlerOutput.Stream.stdout, .stderr] {
            var reads = 0
            while reads < Self.lastReads, read(stream) == .some { reads += 1 }
            close(stream)
        }
        output.finish()
        host.loop.forget(child.pidfd)
        reap(shortage)
    }

    private func reap(_ shortage: MemoryShortage?) {
        child.reap(in: host.loop) { [self] report in
            reaped(report, shortage)
            host.board.deliver()
        }
    }

    private func reaped(_ report: ExitReport, _ shortage: MemoryShortage?) {
        child.privateDirectory?.giveUp()
        host.adopted.didReap(pid)
        host.roster.remove(pid)
        if let givenUpAt {
            let seconds = Int(MonotonicTime.now().seconds(since: givenUpAt))
            host.board.giveBack(pid: pid)
            log(.notice, "a process that was given up has ended after \(seconds) s; its slot is back in service")
        }
        let whole = report.adding(shortage)
        let circumstances = circumstances(of: whole)
        let owner = owner
        self.owner = nil
        owner?.processEnded(whole, lastLines: output.tail.lastLines(), circumstances)
    }

    /// Asked only of a kill that was not ours: it costs a look at every other process.
    private func circumstances(of report: ExitReport) -> Circumstances {
        var circumstances = Circumstances()
        guard case .signaled(.kill, _) = report.status, !wasKilled else { return circumstances }
        circumstances.peakBytes = SpawnMeter.peakBytes(report)
        if let slot = owner?.slot, let begin = host.board.entries[slot]?.since {
            circumstances.kernelKilled = host.kernelKills?.happened(since: begin, now: .now()) ?? false
        }
        if report.shortage != nil || circumstances.kernelKilled {
            circumstances.neighbours = host.roster.largest(Circumstances.most)
        }
        return circumstances
    }
}
