import Glibc

/// The cgroup that the service manager left to us, and how it is divided:
///
/// ```text
/// SERVICE                  nobody stays here: a cgroup that hands controllers on may hold no process
/// ├─ martlet               ourselves: supervisor, workers, scheduler, an embedded Redis
/// └─ handlers
///    └─ 4711              of the worker with this pid
///       └─ reports-3      a handler's process, and whatever that starts
/// ```
///
/// What a handler uses up is so taken from its own cgroup, and what it starts stays in there.
package struct Delegation: Sendable {
    /// What can be limited in a handler's cgroup.
    package enum Controller: String, CaseIterable, Sendable {
        case memory, pids, cpu

        /// Handed on whether a handler has a limit or not: what they count is wanted. Dividing the processors is not for nothing,
        /// so that waits until somebody asks for it.
        static let always: [Controller] = [.memory, .pids]
    }

    private static let ownName = "martlet"
    private static let handlersName = "handlers"

    /// Of the service.
    package let root: ControlGroup
    /// In which we are.
    package let own: ControlGroup
    /// Above those of the workers.
    package let handlers: ControlGroup

    /// Divides what was left to us and moves this process to where it belongs. For the supervisor, before it has children.
    ///
    /// - Returns: nil if nothing was left to us.
    /// - Throws: what keeps us from using what was.
    package static func settle() throws(SystemError) -> Delegation? {
        guard let group = ControlGroup.own() else { return nil }
        // A supervisor that was started by another one, or again by a wrapper, is there already.
        let isSettled = group.name == ownName && group.parent?.isDelegated == true
        guard let root = isSettled ? group.parent : group, root.isDelegated else { return nil }
        guard root.canKill else {
            throw SystemError(code: ENOTSUP, doing: "kill by \(root.path)/cgroup.kill, which needs Linux 5.14")
        }
        let own = try root.child(ownName)
        let handlers = try root.child(handlersName)
        if !isSettled { try own.enter() }
        // As far as it goes: without a controller there is no limit of its kind.
        for controller in Controller.always {
            hand(controller.rawValue, from: root)
            hand(controller.rawValue, from: handlers)
        }
        // Of a processor that all want, we and all handlers together get half each: a storm of theirs does not starve us.
        hand("cpu", from: root)
        return Delegation(root: root, own: own, handlers: handlers)
    }

    /// What the supervisor of this process has settled; nil if nothing.
    package static func settled() -> Delegation? {
        guard let own = ControlGroup.own(), own.name == ownName, let root = own.parent, root.isDelegated,
            // Not there: then it was not settled.
            let handlers = try? ControlGroup(path: "\(root.path)/\(handlersName)")
        else { return nil }
        return Delegation(root: root, own: own, handlers: handlers)
    }

    /// From now on each handler process has a share of the processors of its own, also those of workers that are there already.
    package func divideProcessors() { Self.hand(Controller.cpu.rawValue, from: handlers) }

    private static func hand(_ controller: String, from group: ControlGroup) {
        // Which of them were handed on can be read afterwards, and is: `controllers`.
        try? group.write("+\(controller)", to: "cgroup.subtree_control")
    }

    /// What can be limited for handlers.
    package var controllers: Set<Controller> {
        let names = handlers.text(of: "cgroup.subtree_control")?.split(separator: " ") ?? []
        return Set(names.compactMap { Controller(rawValue: String($0)) })
    }

    /// The cgroup for the handlers of this worker, empty.
    package func forWorker() throws(SystemError) -> ControlGroup {
        let group = try handlers.child("\(getpid())")
        // Left by an earlier process of our number; the supervisor has killed who was in it.
        for name in group.childNames { try group.child(name).remove() }
        // Those it was given.
        for controller in controllers { Self.hand(controller.rawValue, from: group) }
        return group
    }

    /// Kills what is in the cgroups of workers that are no more, and removes them.
    ///
    /// - Returns: how many are still there: what SIGKILL ends it ends in a moment.
    package func clear() -> Int {
        // In this order: who makes a cgroup in between is seen to be alive.
        let names = handlers.childNames
        let alive = Set(own.processes)
        return names.count { name in
            guard Int32(name).map({ !alive.contains($0) }) ?? true else { return false }
            // Gone meanwhile: all the better.
            guard let group = try? ControlGroup(path: "\(handlers.path)/\(name)") else { return false }
            guard !group.remove() else { return false }
            group.kill()
            return !group.remove()
        }
    }

    /// How many processes of ours, not of handlers, the kernel has killed because memory ran out.
    package var ownShortages: Int { own.number(of: "memory.events", named: "oom_kill") ?? 0 }
}
