extension ServeProcessState {
    enum Phase: Equatable {
        /// Spawned, not ready yet: it gets no runs.
        case starting
        case open
        /// It gets no more runs, and ends when those it has are over.
        case retiring
        /// Its input is closed and it has nothing to do: it should end by itself.
        case leaving
        /// It closed its descriptor 4: its end should follow at once.
        case hungUp
        /// SIGTERM was sent.
        case terminating
        /// SIGKILL was sent.
        case killed
        /// SIGKILL has had no effect: the kernel holds it. Its runs are over, their slots written off until it ends.
        case stuck
        case ended
    }
}
