import Platform

/// A running child as the supervisor sees it.
struct Child: Sendable {
    enum Standing: Equatable, Sendable {
        /// Spawned, has not said `ready`.
        case starting
        case ready
        /// A worker that was replaced: it ends when its running jobs have ended, without time limit.
        case retiring
        /// Told to end.
        case ending
    }

    let id: ChildID
    let spec: ChildSpec
    let generation: Generation
    let startedAt: MonotonicTime
    var pid: Int32?
    var standing = Standing.starting
    /// It said something, so it handles signals by now; before, a SIGUSR1 would kill it.
    var hasSpoken = false
    var wasReady = false
    var identity: String?
    var refusal: Refusal?
    var figures = Figures()
    var lastProgressAt: MonotonicTime
    /// When it is killed if it is still there.
    var killAt = MonotonicTime.never

    init(id: ChildID, spec: ChildSpec, generation: Generation, startedAt: MonotonicTime) {
        self.id = id
        self.spec = spec
        self.generation = generation
        self.startedAt = startedAt
        lastProgressAt = startedAt
    }

    /// "worker 0 (pid 4711)"
    var label: String { pid.map { "\(spec.name) (pid \($0))" } ?? "\(spec.name)" }
}

/// Why a child declined to start, and the exit status it chose.
struct Refusal: Equatable, Sendable {
    let exitCode: Int32
    let reason: String
}

/// What a worker last said of itself.
struct Figures: Equatable, Sendable {
    var busy = 0
    var slots = 0
    var processed = 0
    var failed = 0
    var slow = 0
    /// What it waits for, or empty.
    var note = ""

    /// "3 of 10 slots busy", and "1 slow" if there is one.
    var slotParts: [String] { ["\(busy) of \(slots) slots busy"] + (slow > 0 ? ["\(slow) slow"] : []) }
}

/// A place among the children that is kept filled, across restarts and reloads.
struct Seat: Sendable {
    var spec: ChildSpec
    var generation: Generation
    /// The child that fills it; nil while it waits to be started again.
    var current: ChildID?
    /// When it is filled again; `.never` unless it waits for that.
    var restartAt = MonotonicTime.never
    var backoff = RestartBackoff()
    /// Some child in this seat was ready once.
    var wasEverReady = false
    /// Children in a row that died before they were ready.
    var failedStarts = 0
    /// How often it was filled again after a death.
    var restarts = 0

    init(_ spec: ChildSpec, of generation: Generation) {
        self.spec = spec
        self.generation = generation
    }
}
