internal import Redis

/// A request to cancel a job, which ends with the settlement of that job.
package struct SettledRequest: Equatable, Sendable {
    /// What became of the job.
    package enum Became: String, Sendable {
        /// Its handler said that it was done.
        case done
        case running
        /// It was fetched and not begun. It is cancelled only if the request still stands when Redis hears of it, and goes back
        /// to its queue otherwise: what a worker knows of requests may be some seconds old.
        case unstarted
    }

    package let jid: String
    package let became: Became

    package init(jid: String, became: Became) {
        self.jid = jid
        self.became = became
    }

    func add(to command: inout RedisCommand) {
        command.add("asked")
        command.add(Keys.cancel)
        command.add(Keys.cancelAnswers)
        command.add(jid)
        command.add(became.rawValue)
    }
}
