import Configuration
import Logging
import Platform

/// What this start of the service can do for its handlers with cgroups, and what it cannot.
struct HandlerCgroups {
    let delegation: Delegation?
    /// Why there are none, or not for all; completes "limits of handler x do not hold: ".
    private let reason: String

    /// Takes over what was delegated to us. For the supervisor, before it has children.
    static func settle(_ log: Logger) -> HandlerCgroups {
        do throws(SystemError) {
            if let delegation = try Delegation.settle() {
                log.debug("each handler process gets a cgroup", metadata: ["below": "\(delegation.handlers.path)"])
                return HandlerCgroups(
                    delegation: delegation, reason: "the cgroup \(delegation.root.path) has no controller for it")
            }
            return HandlerCgroups(delegation: nil, reason: "no cgroup of version 2 was delegated to this service")
        } catch {
            log.warning(
                "handlers get no cgroups of their own: what was delegated to this service cannot be used",
                metadata: ["reason": "\(error)"])
            return HandlerCgroups(delegation: nil, reason: "\(error)")
        }
    }

    /// One for each limit in the configuration that the kernel will not enforce.
    func warnings(of handlers: [HandlerSettings]) -> [String] {
        if handlers.contains(where: { $0.limits.cpuWeight != nil }) { delegation?.divideProcessors() }
        return Self.warnings(of: handlers, controllers: delegation?.controllers ?? [], reason: reason)
    }

    static func warnings(
        of handlers: [HandlerSettings], controllers: Set<Delegation.Controller>, reason: String
    ) -> [String] {
        handlers.flatMap { handler -> [String] in
            var broken: [String] = []
            if handler.limits.memory != nil, !controllers.contains(.memory) { broken.append("memory") }
            if handler.limits.tasks != nil, !controllers.contains(.pids) { broken.append("tasks") }
            if handler.limits.cpuWeight != nil, !controllers.contains(.cpu) { broken.append("cpu_weight") }
            return broken.map {
                "handlers.\(handler.name).limits.\($0) does not hold: \(reason); "
                    + "see docs/guides/deploy-with-systemd.md"
            }
        }
    }
}
