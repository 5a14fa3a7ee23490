import JobModel
import Platform

/// What the end of a spawned process says about its job: the table behind `mode: spawn`.
enum ExitMeaning {
    /// - Parameters:
    ///   - verdict: the one final answer the handler wrote to descriptor 4, if it did.
    ///   - lastLines: the end of its standard error, which becomes the failure's message.
    ///   - meanings: what its statuses mean.
    static func outcome(
        of report: ExitReport, verdict: Outcome?, lastLines: String, _ circumstances: Circumstances = Circumstances(),
        by meanings: StatusMeanings = StatusMeanings()
    ) -> Outcome {
        let status = report.status
        switch status {
        case .exited(let code):
            return outcome(meanings[code], verdict, or: failure(of: status, lastLines: lastLines))
        case .signaled, .lost:
            let failure =
                report.shortage.map { self.failure(of: $0, lastLines: lastLines, circumstances.others(than: nil)) }
                ?? failure(of: status, lastLines: lastLines, circumstances)
            return status.isUnexplained ? .died(failure, how: death(report)) : .failed(failure)
        }
    }

    /// The handler's own words say more than its status does; but one that said `done` and then failed did not finish what it
    /// meant to do.
    private static func outcome(_ meaning: StatusMeanings.Meaning, _ verdict: Outcome?, or failure: Failure) -> Outcome
    {
        switch (meaning, verdict) {
        case (.done, let verdict): verdict ?? .succeeded
        case (.failed, .failed(let failure)), (.discarded, .failed(let failure)): .failed(failure)
        case (.dead, .failed(let failure)), (_, .dead(let failure)): .dead(failure)
        case (.discarded, _): .discarded
        case (.failed, _): .failed(failure)
        case (.dead, _): .dead(failure)
        }
    }

    /// The failure in an end for want of memory.
    ///
    /// - Parameter others: what else ran.
    static func failure(of shortage: MemoryShortage, lastLines: String, _ others: String = "") -> Failure {
        let limit = shortage.limitBytes.map { " at its limit of \(MemoryShortage.megabytes($0))" } ?? ""
        let peak = shortage.peakBytes.map { ", peak memory \(MemoryShortage.megabytes($0))" } ?? ""
        let message = "killed by the kernel for want of memory\(limit)\(peak)\(others)"
        return Failure(
            errorClass: ErrorClass.outOfMemory, message: lastLines.isEmpty ? message : "\(message)\n\(lastLines)")
    }

    /// "handler killed by SIGKILL, peak memory 34 MB", for the error of a job that was running at too many deaths.
    static func death(_ report: ExitReport) -> String {
        switch report.status {
        case .exited, .lost: "handler ended with \(report.summary)"
        case .signaled: "handler \(report.summary)"
        }
    }

    /// "killed by SIGKILL, peak memory 340 MB". Who sent it nobody can tell; what speaks for the kernel is added.
    ///
    /// - Parameter run: the run it is told to, by its number.
    static func words(for status: ExitStatus, _ circumstances: Circumstances, run: Int? = nil) -> String {
        guard case .signaled(.kill, _) = status else { return status.description }
        let others = circumstances.kernelKilled ? circumstances.others(than: run) : ""
        return "\(status)\(circumstances.suspicion)\(others)"
    }

    /// The failure in a status that is not 0.
    static func failure(
        of status: ExitStatus, lastLines: String, _ circumstances: Circumstances = Circumstances()
    ) -> Failure {
        switch status {
        case .exited:
            let message = lastLines.isEmpty ? status.description : lastLines
            return Failure(errorClass: ErrorClass.exitStatus, message: message)
        case .signaled, .lost:
            // Which signal it was stands nowhere else, so it leads; what the handler said last follows.
            let death = words(for: status, circumstances)
            let message = lastLines.isEmpty ? death : "\(death)\n\(lastLines)"
            return Failure(errorClass: ErrorClass.signal, message: message)
        }
    }
}
