import JobModel

/// Its runs that iterate.
extension ServeProcess {
    func iterate(_ number: Int, cursor: [UInt8]?) {
        guard let slot = assignments.first(where: { $0.number == number })?.slot else { return }
        do throws(ProtocolViolation) {
            try host.board.iterate(cursor: cursor, slot: slot)
        } catch {
            handle(.violated(error))
        }
    }

    /// Where it goes on, or that it is to stop. One that is being ended reads nothing any more.
    func tell(slot: Int, _ message: IterationMessage) {
        guard let number = number(in: slot), [.open, .retiring].contains(state.phase) else { return }
        say(RunLine.iteration(number, message))
    }
}
