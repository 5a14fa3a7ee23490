import Configuration
import JobModel
import Platform

/// The variables a handler receives: a small clean set, the handler's own `env`, and the job's facts; nothing is inherited.
struct JobEnvironment: Sendable {
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// `K=V`, sorted by name, the same for every process of one handler.
    let common: [String]

    /// - Parameters:
    ///   - owner: the user the handler runs as, whose HOME and USER it gets.
    ///   - jemalloc: the path of its library, where the handler is to have it.
    init(of handler: HandlerSettings, owner: Credentials, jemalloc: String?) {
        var variables = ["PATH": Self.path, "HOME": owner.home, "USER": owner.user, "LANG": "C.UTF-8"]
        for (name, value) in handler.malloc.variables(jemalloc: jemalloc) { variables[name] = value }
        for (name, value) in handler.environment { variables[name] = value }
        // Ours come last and win: a handler must be able to trust them.
        variables = variables.filter { !$0.key.utf8.starts(with: "MARTLET_".utf8) || !Self.ours.contains($0.key) }
        variables["MARTLET_PROTOCOL"] = "1"
        common = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }

    private static let ours: Set<String> = [
        "MARTLET_JID", "MARTLET_CLASS", "MARTLET_QUEUE", "MARTLET_ATTEMPT", "MARTLET_DEADLINE", "MARTLET_PROTOCOL",
        "MARTLET_CHECKPOINT", "MARTLET_LAST", "MARTLET_IN", "MARTLET_OUT", "MARTLET_CONTROL",
    ]

    /// For a process that runs one job.
    ///
    /// - Parameter deadlineMilliseconds: since the epoch; nil if the handler has no time limit.
    func spawning(_ run: Run, deadlineMilliseconds: Int64?) -> [String] {
        var variables = common
        if let jid = run.job.jid { variables.append("MARTLET_JID=\(jid)") }
        variables.append("MARTLET_CLASS=\(run.job.route.text)")
        variables.append("MARTLET_QUEUE=\(run.queue.text)")
        variables.append("MARTLET_ATTEMPT=\(run.job.attempt)")
        if run.isLast { variables.append("MARTLET_LAST=1") }
        if let deadlineMilliseconds { variables.append("MARTLET_DEADLINE=\(deadlineMilliseconds)") }
        // JSON has no NUL in it.
        if let checkpoint = run.job.checkpoint {
            variables.append("MARTLET_CHECKPOINT=\(String(decoding: checkpoint, as: UTF8.self))")
        }
        return variables
    }

    /// For a process that serves many jobs.
    var serving: [String] { common + ["MARTLET_IN=3", "MARTLET_OUT=4"] }

    /// For a process that forks those.
    var preloading: [String] { common + ["MARTLET_CONTROL=3"] }
}
