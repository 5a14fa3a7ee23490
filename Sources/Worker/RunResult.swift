package import Handlers
package import JobModel
import Platform

/// What a run of a job came to.
package struct RunResult: Sendable {
    package let outcome: Outcome
    /// Jobs the run wants enqueued together with its ack.
    package let children: [JobDraft.Prepared]
    /// base64(zlib(JSON array)) of the failure's backtrace, if the job asks for one to be kept.
    package let storedBacktrace: String?
    /// Whether it was handed to a process: until then it waits for one.
    let hasBegun: Bool

    package init(
        outcome: Outcome, children: [JobDraft.Prepared] = [], storedBacktrace: String? = nil, hasBegun: Bool = true
    ) {
        self.outcome = outcome
        self.children = children
        self.storedBacktrace = storedBacktrace
        self.hasBegun = hasBegun
    }

    /// - Parameters:
    ///   - random: for the jids of children that have none.
    ///   - now: when the children are pushed.
    ///   - major: in whose form their times are written.
    ///   - limits: a child that is over them would be buried unrun, so it fails the job that wanted it.
    package init(
        _ report: DispatchReport, of job: Job, random: inout some RandomNumberGenerator, now: Timestamp,
        as major: SidekiqMajor, limits: PayloadLimits
    ) {
        let backtrace = report.outcome.failure?.backtraceJSON(for: job).map { Base64.encode(Zlib.compress($0)) }
        var children: [JobDraft.Prepared] = []
        do throws(DraftError) {
            for object in report.children {
                let jid = JobID.make(random: (random.next(), random.next()))
                children.append(try JobDraft.prepare(object, now: now, newJID: jid, as: major, limits: limits))
            }
            self.init(
                outcome: report.outcome, children: children, storedBacktrace: backtrace, hasBegun: report.pid != nil)
        } catch {
            // All or none: a child that cannot be pushed fails the job that wanted it.
            let failure = Failure(
                errorClass: ErrorClass.protocolError, message: "a pushed job is none: \(error)", backtrace: [])
            self.init(outcome: .failed(failure), storedBacktrace: backtrace)
        }
    }
}
