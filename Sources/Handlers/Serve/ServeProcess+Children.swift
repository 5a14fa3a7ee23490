/// What its runs push.
extension ServeProcess {
    func push(_ jobs: [[UInt8]], of number: Int) {
        guard let slot = assignments.first(where: { $0.number == number })?.slot else { return }
        do throws(ProtocolViolation) {
            try host.board.push(jobs, slot: slot)
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
}
