package import JobModel

/// Every key Martlet uses, and the only place where one is spelt.
///
/// Without a prefix: Sidekiq's, meaning what they mean to Sidekiq. Our own begin with `martlet:`.
package enum Keys {
    // MARK: Jobs

    /// Set of the names of all queues ever pushed to.
    package static let queues = "queues"
    /// Set of the names of queues from which nobody fetches.
    package static let paused = "paused"
    package static let queuePrefix = "queue:"
    /// List of payloads; pushed at the left, fetched at the right.
    package static func queue(_ name: QueueName) -> String { queuePrefix + name.text }
    /// Sorted sets of payloads; the score is the due time, or that of death, in epoch seconds.
    package static let schedule = "schedule"
    package static let retry = "retry"
    package static let dead = "dead"

    /// Hash, 30 d: how far a job has come that is done element by element.
    package static func iteration(_ jid: String) -> String { "it-\(jid)" }

    // MARK: Processes, as Sidekiq's dashboard reads them

    /// Set of identities.
    package static let processes = "processes"
    /// String: the identity of Sidekiq Enterprise's leader. Only read.
    package static let leader = "dear-leader"
    /// Hash, 60 s: the process record.
    package static func processRecord(_ identity: String) -> String { identity }
    /// Hash, 60 s: thread id -> the job it runs.
    package static func work(_ identity: String) -> String { "\(identity):work" }
    /// The same, where Sidekiq up to 6.4 looks for it.
    package static func oldWork(_ identity: String) -> String { "\(identity):workers" }
    /// List, 60 s: names of signals somebody wants the process to get.
    package static func signals(_ identity: String) -> String { "\(identity)-signals" }

    /// String, 60 s: while it is there, nobody takes vanished processes out of their list.
    package static let processCleanup = "process_cleanup"

    // MARK: Statistics

    package static let processed = "stat:processed"
    package static let failed = "stat:failed"
    /// Per day of UTC, 5 years.
    package static func processed(on date: CalendarDate) -> String { "stat:processed:\(date.dashed)" }
    package static func failed(on date: CalendarDate) -> String { "stat:failed:\(date.dashed)" }
    /// Hash, 8 h: per class the runs of one minute. "j|260103|9:05"
    package static func minuteMetrics(_ date: CalendarDate) -> String {
        "j|\(date.compact)|\(date.hour):\(date.twoDigitMinute)"
    }
    /// Hash, 3 d: per class the runs of ten minutes. "j|260103|9:0"
    package static func tenMinuteMetrics(_ date: CalendarDate) -> String {
        "j|\(date.compact)|\(date.hour):\(date.minute / 10)"
    }
    /// As Sidekiq 7 has it, which knows no ten minutes. "j|20260103|9:5"
    package static func oldMinuteMetrics(_ date: CalendarDate) -> String {
        "j|\(date.dashed.filter { $0 != "-" })|\(date.hour):\(date.minute)"
    }
    /// Bit field, 8 h: one minute's histogram of a class, day of the month first. "h|CLASS-3-9:5"
    package static func histogram(_ jobClass: JobClass, _ date: CalendarDate) -> [UInt8] {
        Array("h|".utf8) + jobClass.bytes + Array("-\(date.day)-\(date.hour):\(date.minute)".utf8)
    }

    /// As Sidekiq 7 has it. "CLASS-03-09:5"
    package static func oldHistogram(_ jobClass: JobClass, _ date: CalendarDate) -> [UInt8] {
        jobClass.bytes + Array("-\(twoDigits(date.day))-\(twoDigits(date.hour)):\(date.minute)".utf8)
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    // MARK: Our own

    /// Sorted set: identity -> end of its lease, in milliseconds of Redis' clock. Who is missing fetches nothing.
    package static let leases = "martlet:processes"
    /// Hash: where a process runs. Removed with the lease, by the process itself or by rescue.
    package static func origin(_ identity: String) -> String { "martlet:process:\(identity)" }
    /// Hash: reservation id -> payload.
    package static func reservations(_ identity: String) -> String { "martlet:reservations:\(identity)" }
    /// List: when a worker or handler died that was running the job, in seconds. Gone when the last is no longer counted.
    package static func deaths(_ jid: String) -> String { "martlet:deaths:\(jid)" }
    /// Jobs buried because of that, since ever.
    package static let poisoned = "martlet:stat:poisoned"
    /// Jobs that were dropped since they had not begun when they expired, since ever.
    package static let expired = "martlet:stat:expired"
    /// Results that came when their reservation was no longer the process's, since ever.
    package static let late = "martlet:stat:late"

    /// Hash, 1 h after the last request: jid -> when and by whom it was asked that this job be cancelled.
    package static let cancel = "martlet:cancel"
    /// Hash, 60 s after the last answer: jid -> what became of it, and in which process.
    package static let cancelAnswers = "martlet:cancel:answers"

    /// Hash, 1 d: what is promised of a queue, and how it is kept.
    package static func promise(_ queue: QueueName) -> String { "martlet:queue:\(queue.text)" }

    // MARK: What runs cost

    /// Sorted set, 3 d: the classes of which something is known -> when that was last added to, in epoch seconds.
    package static let costClasses = "martlet:cost:classes"
    /// Hash, 3 d: what the runs of a class cost in one hour.
    package static func hourCost(_ jobClass: String, _ date: CalendarDate) -> String {
        "martlet:cost:h:\(date.compactHour):\(jobClass)"
    }
    /// Hash, 1 h: the same of one minute.
    package static func minuteCost(_ jobClass: String, _ date: CalendarDate) -> String {
        "martlet:cost:m:\(date.compactHour)\(date.twoDigitMinute):\(jobClass)"
    }
    /// Hash, 3 d: memory of a handler's runs under its present and its last setting of malloc.
    package static func mallocCost(_ handler: String) -> String { "martlet:cost:malloc:\(handler)" }
    /// Hash, 1 h: the number of the last parcel of costs a process has sent.
    package static func costParcel(_ identity: String) -> String { "martlet:cost:parcel:\(identity)" }
    /// List: memory incidents as JSON, the newest first.
    package static let incidents = "martlet:incidents"

    // MARK: Classes that are kept apart

    /// Hash: class -> JSON: since when and why it has processes of its own.
    package static let isolated = "martlet:isolated"
    /// Hash, 30 d after the last of them: class -> how often it was isolated.
    package static let isolatedTimes = "martlet:isolated:times"
}
