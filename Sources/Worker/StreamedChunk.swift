import Handlers
package import JobModel
import Platform

/// What a run has streamed and is not in Redis yet.
package struct StreamedChunk: Sendable {
    /// Why it cannot be taken, in words that follow "it".
    struct Objection: Error {
        let reason: String
    }

    let children: [JobDraft.Prepared]
    /// One JSON value; nil to leave the job's as it is.
    let checkpoint: [UInt8]?
    /// What it weighs in our memory, about.
    let bytes: Int
    /// `ChunkReport.sharesProcess`
    let sharesProcess: Bool

    package init(children: [JobDraft.Prepared], checkpoint: [UInt8]?, sharesProcess: Bool = false) {
        self.children = children
        self.checkpoint = checkpoint
        self.sharesProcess = sharesProcess
        bytes = children.reduce(checkpoint?.count ?? 0) { $0 + $1.payload.count + Self.overhead }
    }

    /// Of each child beside its payload: the texts of its jid and queue, and the headers of three allocations.
    private static let overhead = 150

    /// - Parameters:
    ///   - random: for the jids of children that have none.
    ///   - now: when the children are pushed.
    ///   - major: in whose form their times are written.
    ///   - limits: a child that is over them would be buried unrun, and so would the job itself with too heavy a checkpoint.
    init(
        _ report: ChunkReport, of job: Job, random: inout some RandomNumberGenerator, now: Timestamp,
        as major: SidekiqMajor, limits: PayloadLimits
    ) throws(Objection) {
        var children: [JobDraft.Prepared] = []
        children.reserveCapacity(report.jobs.count)
        do throws(DraftError) {
            for object in report.jobs {
                let jid = JobID.make(random: (random.next(), random.next()))
                children.append(try JobDraft.prepare(object, now: now, newJID: jid, as: major, limits: limits))
            }
        } catch {
            throw Objection(
                reason: "pushed a job that cannot be enqueued (number \(children.count + 1) of its chunk): \(error)")
        }
        do throws(MalformedPayload) {
            // When it is sent the number of its chunks may have more digits.
            var limits = limits
            limits.bytes -= 20
            _ = try job.afterChunk(report.checkpoint, limits: limits)
        } catch {
            throw Objection(
                reason:
                    "wrote a checkpoint of \(report.checkpoint?.count ?? 0) bytes with which its job could not be run again: "
                    + "\(error)")
        }
        self.init(children: children, checkpoint: report.checkpoint, sharesProcess: report.sharesProcess)
    }
}
