import JobModel
import Platform

extension ServeProcessState {
    enum Event: Equatable {
        case spawned
        case spawnFailed(String)
        case assigned(Int)
        /// One line of it. Those of one read come one after the other, then `readEnded`.
        case answered(Answer)
        case violated(ProtocolViolation)
        case readEnded
        /// - Parameter job: what to call it where another run suffers for it.
        case timedOut(Int, Failure, job: String)
        case interrupted(Int, grace: Double)
        /// Somebody wants this run ended.
        case cancelled(Int, Failure)
        /// It is to be replaced.
        case overdue(Recycling)
        /// It was replaced, or no job is expected for it any more.
        case retired
        case stopped(grace: Double)
        /// It closed its descriptor 4.
        case hungUp
        /// It is ending, and these runs it has not read.
        case undelivered([Int])
        case timerFired
        case exited(ExitReport, lastLines: String, Circumstances = Circumstances())
    }

    enum Action: Equatable {
        case becameReady
        /// Another should take its place; it goes on until it is retired.
        case due(Recycling)
        case finish(Int, Outcome)
        /// The run is as if it had never been here.
        case giveBack(Int)
        case push(Int, [[UInt8]])
        case chunk(Int, [[UInt8]], checkpoint: [UInt8])
        case progress(Int, percent: Double?, note: String?)
        /// The run asks where to go on, or is before the element of this cursor.
        case iterate(Int, cursor: [UInt8]?)
        case report(ProtocolViolation)
        case sendQuiet
        /// Tell it to give this run up.
        case sendCancel(Int)
        case closeInput
        case terminate
        case kill
        /// Its one timer: replaces an earlier one.
        case setTimer(seconds: Double)
        case cancelTimer
        /// It ended and was never ready.
        case startFailed(String)
        /// It gets no more runs: somebody else must.
        case closed
        /// The run is over; its slot is not free before the process has ended.
        case writeOff(Int, Outcome)
        case stuck
        case ended
    }

    struct Limits: Equatable {
        let threads: Int
        let startSeconds: Double
        let graceSeconds: Double
        /// It is to be replaced with the run that reaches this; nil for never. With 1 it gets no other run.
        let maximumRuns: Int?
    }
}
