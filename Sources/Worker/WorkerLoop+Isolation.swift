import Configuration
import Handlers
import Insight
import JobModel
import Logging
import Platform
import Queueing
import Redis

/// Classes that leave memory behind and are kept apart: what is seen here, and what all workers have agreed on in Redis.
extension WorkerLoop {
    /// Whether any handler asks for it; if not, it costs nothing.
    static func isolates(_ plan: WorkerPlan) -> Bool {
        plan.settings.handlers.contains { $0.isolate == .auto && $0.keepsProcesses }
    }

    /// Something about memory that names a job. What a class leaves behind in processes of its own does no harm and is not
    /// told again.
    func noticed(_ incident: MemoryIncident) {
        let isApart = incident.kind == .cliff && isolations[JobClass(incident.jobClass)] != nil
        if !isApart {
            jobLog.noticed(incident)
            incidents.add(incident)
        }
        if incident.kind == .cliff { isolate(after: incident) }
    }

    private func isolate(after incident: MemoryIncident) {
        let handler = plan.settings.handlers.first { $0.name == incident.handler }
        guard let handler, handler.isolate == .auto, handler.keepsProcesses else { return }
        let megabytes = { (bytes: Int) in MemoryShortage.megabytes(bytes) }
        let reason =
            "job \(incident.jid ?? "without jid") took its process from \(megabytes(incident.before)) to "
            + "\(megabytes(incident.after))"
            + (incident.alongside.isEmpty
                ? "" : ", or one of \(incident.alongside.joined(separator: ", ")) beside it did")
        let change = isolations.cliff(
            of: JobClass(incident.jobClass), handler: handler.name, reason: reason, host: incident.host,
            at: incident.at)
        if let change { follow(change) }
    }

    /// A run of a class that is kept apart has ended.
    func watchIsolated(_ jobClass: JobClass, _ cost: RunCost) {
        // One that made a cliff is an incident as well, which begins the count anew.
        guard !isolations.isEmpty, cost.memory?.after != nil else { return }
        if let change = isolations.ran(jobClass, behaved: true) { follow(change) }
    }

    // MARK: The list in Redis

    /// Writes what changed here and asks for the list, with each beat.
    func askIsolated() {
        guard isolatesClasses else { return }
        let (round, writes) = isolations.nextRound()
        for write in writes {
            let commands =
                switch write {
                case .put(let name, let isolation, let isNew):
                    IsolatedClasses.putCommands(name, isolation, isNew: isNew)
                case .remove(let name): [IsolatedClasses.removeCommand(name)]
                }
            for command in commands { link.ask(.statement("the list of isolated classes"), command) }
        }
        link.ask(.isolatedTimes, IsolatedClasses.timesCommand)
        link.ask(.isolated(round: round), IsolatedClasses.listCommand)
    }

    func heardIsolated(_ list: [JobClass: Isolation], round: Int) {
        for change in isolations.heard(list, times: isolatedTimes, round: round) { follow(change) }
    }

    private func follow(_ change: Isolations<JobClass>.Change) {
        switch change {
        case .begun(let name, let isolation):
            dispatcher.isolate(name)
            log.warning(
                "class \(name.text) is kept apart: each of its jobs gets a process of its own",
                metadata: fields(
                    name, isolation,
                    [
                        "reason": "\(isolation.reason)", "seen_on": "\(isolation.host)",
                        "until":
                            "it behaved for \(isolation.runsToRelease) runs, or martlet isolated --release \(name.text)",
                    ]))
        case .behaved(let name, let isolation, let runs):
            dispatcher.release(name)
            log.notice(
                "class \(name.text) is no longer kept apart: it behaved for \(runs) runs",
                metadata: fields(name, isolation, [:]))
        case .released(let name, let isolation):
            dispatcher.release(name)
            log.notice(
                "class \(name.text) is no longer kept apart: an operator or another worker released it",
                metadata: fields(name, isolation, [:]))
        }
    }

    private func fields(_ name: JobClass, _ isolation: Isolation, _ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(["class": "\(name.text)", "handler": "\(isolation.handler)"]) { $1 }
    }
}
