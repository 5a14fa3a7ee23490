import JobModel
import Platform

extension ServeProcessState {
    /// Why a process ended, and its runs with it.
    enum Cause: Equatable {
        case itself
        case violation(ProtocolViolation)
        /// One of its runs, described here, exceeded its time.
        case timeout(String)
        case startLimit
        /// We did not want it any more.
        case stop

        /// What becomes of a run about which nothing else was decided. Only an end that nobody asked for counts as a death.
        ///
        /// - Parameter run: its number.
        func outcome(
            _ report: ExitReport, lastLines: String, _ circumstances: Circumstances = Circumstances(), run: Int? = nil
        ) -> Outcome {
            let failure = failure(report, lastLines: lastLines, circumstances, run: run)
            let isUnexplained =
                switch report.status {
                case .exited, .lost: self == .itself
                case .signaled: self == .itself && report.status.isUnexplained
                }
            return isUnexplained ? .died(failure, how: ExitMeaning.death(report)) : .failed(failure)
        }

        /// What happened to it.
        func failure(
            _ report: ExitReport, lastLines: String, _ circumstances: Circumstances = Circumstances(), run: Int? = nil
        ) -> Failure {
            if self == .itself, let shortage = report.shortage {
                return ExitMeaning.failure(of: shortage, lastLines: lastLines, circumstances.others(than: run))
            }
            let status = report.status
            let reason =
                switch self {
                case .itself:
                    "the handler's process ended during the job: "
                        + ExitMeaning.words(for: status, circumstances, run: run)
                case .startLimit, .stop: "the handler's process ended during the job: \(status)"
                case .violation(let violation): "the handler's process was ended because it \(violation.reason)"
                case .timeout(let job): "the handler's process was ended because of another job in it, \(job)"
                }
            return Failure(errorClass: ErrorClass.handlerDied, message: Self.join(reason, lastLines))
        }

        /// Why it never became ready; nil if it was we who ended it.
        func startFailure(_ status: ExitStatus, lastLines: String, _ limits: Limits) -> String? {
            switch self {
            case .itself, .timeout: Self.join("\(status) before it was ready", lastLines)
            case .violation(let violation): Self.join("it \(violation.reason)", lastLines)
            case .startLimit:
                Self.join("it was not ready within \(Handler.text(seconds: limits.startSeconds))", lastLines)
            case .stop: nil
            }
        }

        private static func join(_ reason: String, _ lastLines: String) -> String {
            lastLines.isEmpty ? reason : "\(reason)\n\(lastLines)"
        }
    }
}
