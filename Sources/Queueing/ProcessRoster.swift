package import Redis

/// All processes that have a record, ours and Sidekiq's own.
package struct ProcessRoster: Equatable, Sendable {
    /// By identity.
    package let processes: [ProcessState]
    /// The identity of Sidekiq Enterprise's leader; nil if there is none.
    package let leader: String?

    /// Blocks.
    package static func read(_ redis: RedisConnection) throws(RedisError) -> ProcessRoster {
        let first = try redis.pipeline([
            RedisCommand(["SMEMBERS", Keys.processes]), RedisCommand(["GET", Keys.leader]),
        ])
        let identities = (try first[0].accepted().elements ?? []).compactMap(\.text).sorted()
        let states = ProcessState.states(try redis.pipeline(identities.flatMap(ProcessState.commands)), of: identities)
        // Who may not read it sees no leader.
        return ProcessRoster(processes: states, leader: first[1].text)
    }

    /// Those that a name may mean: an identity, `HOST:PID`, or the beginning of an identity. A whole name wins.
    package func matches(_ name: String) -> [ProcessState] {
        let bytes = name.utf8
        for isMeant in [
            { (process: ProcessState) in process.identity.utf8.elementsEqual(bytes) },
            { process in "\(process.hostname):\(process.pid)".utf8.elementsEqual(bytes) },
            { process in process.identity.utf8.starts(with: bytes) },
        ] {
            let meant = processes.filter(isMeant)
            if !meant.isEmpty { return meant }
        }
        return []
    }
}
