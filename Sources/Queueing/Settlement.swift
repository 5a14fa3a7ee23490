package import JobModel
internal import Redis

/// How one reservation ends.
package struct Settlement: Equatable, Sendable {
    /// What the run adds to the statistics: a failed run counts as processed too.
    package enum Counts: String, Sendable {
        case nothing = "n"
        case succeeded = "s"
        case failed = "f"
        /// It was not run: its time was over. Processed, and in a number of its own.
        case expired = "e"
    }

    package let id: ReservationID
    package let verdict: Verdict
    package let counts: Counts
    /// Jobs that are pushed in the same step; only `ack` may have some.
    package let children: [JobDraft.Prepared]
    /// The request to cancel the job that ends with it; nil if there was none.
    package let request: SettledRequest?
    /// What becomes of the job's iteration; nil if it is not done element by element.
    package let iteration: SettledIteration?

    package init(
        id: ReservationID, verdict: Verdict, counts: Counts, children: [JobDraft.Prepared] = [],
        request: SettledRequest? = nil, iteration: SettledIteration? = nil
    ) {
        precondition(children.isEmpty || verdict == .ack, "only a job that is done has children")
        self.id = id
        self.verdict = verdict
        self.counts = counts
        self.children = children
        self.request = request
        self.iteration = iteration
    }

    /// Whether something was run: a job that was only held, and goes back or is cancelled, has no result.
    package var isResult: Bool { verdict != .requeue && counts != .expired && request?.became != .unstarted }
}

extension Settlement {
    /// Nothing follows but the end of the reservation.
    var justEnds: Bool {
        switch verdict {
        case _ where request != nil || iteration != nil || counts == .expired: false
        case .ack: children.isEmpty
        case .discard: true
        case .retry, .retryUnlessPoison, .bury, .requeue, .suspend, .snooze: false
        }
    }

    /// What it carries to Redis, all else being short.
    var payloadBytes: Int { (iteration?.bytes ?? 0) + verdictBytes }

    private var verdictBytes: Int {
        switch verdict {
        case .retry(_, let payload), .bury(let payload), .suspend(let payload): payload.count
        case .retryUnlessPoison(_, let payload, let death): payload.count + death.poisoned.count
        case .ack: children.reduce(0) { $0 + $1.payload.count }
        case .discard, .requeue, .snooze: 0
        }
    }

    private var buried: [UInt8]? { if case .bury(let payload) = verdict { payload } else { nil } }

    /// Adds the arguments `exchange.lua` reads for a settlement that has a sequel.
    func add(to command: inout RedisCommand) {
        command.add(id)
        if counts == .expired {
            command.add(Counts.succeeded.rawValue)
            command.add("expire")
            command.add(Keys.expired)
            return
        }
        command.add(counts.rawValue)
        if let request {
            request.add(to: &command)
            if request.became == .unstarted {
                command.add("cancel")
                command.add(buried ?? [])
                return
            }
        }
        iteration?.add(to: &command)
        switch verdict {
        case .retry(let seconds, let payload):
            command.add("retry")
            command.add(Score.delay(seconds))
            command.add(payload)
        case .retryUnlessPoison(let seconds, let payload, let death):
            command.add("retry unless poison")
            command.add(Score.delay(seconds))
            command.add(payload)
            death.addCount(to: &command)
        case .snooze(let seconds):
            command.add("snooze")
            command.add(Score.delay(seconds))
        case .bury(let payload):
            command.add("bury")
            command.add(payload)
        case .suspend(let payload):
            command.add("suspend")
            command.add(payload)
        case .requeue:
            command.add("requeue")
        case .ack, .discard:
            command.add("ack")
            command.add(children.count)
            for child in children {
                command.add(child.at.map(Score.text) ?? "")
                command.add(child.queue.text)
                command.add(child.payload)
            }
        }
    }
}
