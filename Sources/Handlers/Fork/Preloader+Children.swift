import Glibc
import Logging
import Platform

/// What it says to have forked.
extension Preloader {
    /// A process it says to have forked. Whoever it names is killed one day, so it must be its child.
    ///
    /// - Parameter isLast: it has ended, so that its children are ours by now, as are those of all other handlers: then it must
    ///   hold what the child of this fork was given.
    func child(_ pid: Int32, of fork: ForkLedger.Fork, isLast: Bool) throws(ProtocolViolation) -> ForeignProcess {
        let lie = ProtocolViolation("named process \(pid), which is not a child it has just forked")
        guard !host.adopted.isOwned(pid), let child = try? ForeignProcess(pid: pid),
            let parent = ProcessEntry(pid: pid)?.parent, parent == (isLast ? getpid() : self.pid)
        else { throw lie }
        if isLast {
            guard let output = fork.pipes.stdout?.raw, let inode = ProcessFile.inode(of: output),
                ProcessFile.isPipe(inode, openIn: pid)
            else { throw lie }
        }
        guard ledger.addChild(pid) else { throw lie }
        return child
    }

    /// It joins its cgroup before it is given anything to do. Moving it can take milliseconds, so somebody else does.
    func begin(_ child: ForeignProcess, _ fork: ForkLedger.Fork) {
        host.adopted.didSpawn(fork.ticket, pid: child.pid)
        fork.pipes.closeTheirEnds()
        let forked = ForkedChild(child, of: self, since: fork.since)
        let group: HandlerGroup?
        do throws(SystemError) {
            group = try host.groups.take(for: handler.settings)
        } catch {
            // Without the limits it is to have it does not begin: it ends as one that was killed.
            log("a handler's process is killed: \(error)", .warning)
            child.signalGroup(.kill)
            group = nil
        }
        guard let group else {
            return fork.completion(.success(StartedHandler(child: forked, group: nil, generation: generation)))
        }
        host.placing.run { [control = group.control, pid = child.pid] in
            // One that has ended meanwhile is in none.
            try? control.write("\(pid)", to: "cgroup.procs")
        } then: { [host, generation] _ in
            var joined: HandlerGroup? = group
            if child.isReaped {
                // Not by us: whoever has its number by now may have been moved.
                host.groups.abandon(group)
                joined = nil
            }
            fork.completion(.success(StartedHandler(child: forked, group: joined, generation: generation)))
            host.board.deliver()
        }
    }

    func refuse(_ fork: ForkLedger.Fork, _ reason: String) {
        host.adopted.didSpawn(fork.ticket, pid: nil)
        fork.pipes.closeTheirEnds()
        fork.completion(.failure(NoStart(reason: reason)))
    }
}
