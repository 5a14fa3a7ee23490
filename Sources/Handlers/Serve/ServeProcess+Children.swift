/// What its runs push.
extension ServeProcess {
    func push(_ jobs: [[UInt8]], of number: Int) {
        guard let slot = assignments.first(where: { $0.number == number })?.slot else { return }
        do throws(ProtocolViolation) {
            if host.board.entries[slot]?.isIterating == true {
                // Not with its end, before which the job may go on elsewhere, but before the next cursor counts.
                try host.board.chunk(jobs, checkpoint: nil, slot: slot)
            } else {
                try host.board.push(jobs, slot: slot)
            }
        } catch {
            handle(.violated(error))
        }
    }

    func push(_ jobs: [[UInt8]], checkpoint: [UInt8], of number: Int) {
        guard let slot = assignments.first(where: { $0.number == number })?.slot else { return }
        do throws(ProtocolViolation) {
            try host.board.chunk(jobs, checkpoint: checkpoint, slot: slot)
        } catch {
            handle(.violated(error))
        }
    }

    /// Its runs share one pipe, so all of them wait for the one that has written too much.
    func hold(slot: Int, _ isHeld: Bool) {
        if isHeld { held.insert(slot) } else { held.remove(slot) }
        channel?.holdAnswers(!held.isEmpty)
    }

    /// The run that goes on in a slot. While its process is held an answer may lie in the pipe, so that is read first: one
    /// read takes all that a pipe holds.
    func unanswered(in slot: Int) -> Int? {
        guard !held.isEmpty, let channel else { return number(in: slot) }
        readOnce(channel)
        let number = number(in: slot)
        // Otherwise the process ends now.
        if number == nil { offerRoom() }
        return number
    }
}
