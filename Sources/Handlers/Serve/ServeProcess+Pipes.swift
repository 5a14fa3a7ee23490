import Configuration
import JobModel
import Logging
import Platform

/// What passes through its pipes, and what is left in them at its end.
extension ServeProcess {
    func ready(_ fd: Int32, _ readiness: Readiness) {
        guard let channel else { return }
        if channel.isInput(fd) {
            flush()
        } else if channel.isAnswers(fd) {
            readAnswers(channel)
        }
        host.board.deliver()
    }

    /// Writes what waits, as far as the pipe takes it.
    func flush() { channel?.flush(for: self) }

    private func readAnswers(_ channel: ServeChannel) {
        let count = assignments.count
        readOnce(channel)
        if assignments.count < count { offerRoom() }
    }

    func readOnce(_ channel: ServeChannel) {
        let step = channel.read { take($0) }
        handle(.readEnded)
        guard step == .end else { return }
        channel.closeAnswers()
        handle(.hungUp)
    }

    func offerRoom() {
        if let limit = handler.settings.maxMemory, !state.isDue, let used = meter?.residentBytes(), used > limit {
            handle(.overdue(.memory(used)))
        }
        pool.hasRoom(self)
    }

    private func take(_ piece: LineSplitter.Piece) {
        do throws(ProtocolViolation) {
            switch piece {
            case .line(let line):
                let answer = try Answer(parsing: line)
                // In another's group it would die with that.
                if case .ready = answer, !leadsGroup {
                    throw ProtocolViolation(
                        "made no process group of its own: a forked child calls setpgid(0, 0) first")
                }
                handle(.answered(answer))
            case .cut: throw ProtocolViolation("wrote a line longer than 1 MiB")
            }
        } catch {
            handle(.violated(error))
        }
    }

    func processEnded(_ report: ExitReport, lastLines: String, _ circumstances: Circumstances) {
        if let channel {
            // What it answered before its end counts; half a line does not.
            var reads = 0
            while reads < ServeChannel.lastReads, channel.read({ take($0) }) == .some { reads += 1 }
            channel.closeAnswers()
            let consumed = channel.takeConsumed()
            handle(.undelivered(assignments.filter { $0.offset >= consumed }.map(\.number)))
            channel.closeInput()
        }
        log("a handler's process ended: \(report.status)", state.isWanted ? .warning : .debug)
        handle(.exited(report, lastLines: lastLines, withRuns(circumstances, of: report)))
    }

    /// Who else ran here, where somebody will be told.
    private func withRuns(_ circumstances: Circumstances, of report: ExitReport) -> Circumstances {
        var circumstances = circumstances
        guard report.shortage != nil || circumstances.kernelKilled else { return circumstances }
        for assignment in assignments {
            guard let job = host.board.entries[assignment.slot]?.run.job else { continue }
            circumstances.runs[assignment.number] = "\(job.route.text) (\(job.jid ?? "without jid"))"
        }
        return circumstances
    }
}
