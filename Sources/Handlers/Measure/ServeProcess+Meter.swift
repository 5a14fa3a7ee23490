import Platform

/// What its meter is told of a serve process beside its runs.
extension ServeProcess {
    func printed(_ count: Int) {
        // Of several runs nobody knows whose it is.
        if state.onlyRun != nil { meter?.printed(count) }
    }

    func processEnds() { meter?.processEnds(at: .now()) }
}
