/// What a pool has and what it needs, as numbers: how many processes it should start.
struct PoolBalance: Equatable {
    /// Processes that may be given runs; those on their way out come on top, at most as many again.
    let maximum: Int
    /// Runs that one process takes while others wait.
    let room: Int
    /// How many are kept ready beside those that run, where each process ends with its run.
    let ahead: Int
    /// So many there are in any case.
    var minimum = 0
    /// All there are.
    var total = 0
    var starting = 0
    /// Of those starting: the ones that take the place of an open one when they are ready.
    var replacing = 0
    /// May be given runs.
    var open = 0
    /// Of the open ones: those that do nothing.
    var idle = 0
    /// Of the open ones: those to be replaced, whether or not their replacement is on its way.
    var due = 0
    /// Of the due ones: those whose replacement is not on its way.
    var unreplaced = 0
    /// Was given runs and is no longer open.
    var finishing = 0
    /// Runs that wait.
    var waiting = 0

    /// How many to start for runs that wait, and to be ready for the next.
    var startsForRuns: Int {
        let needed = (waiting + room - 1) / room + min(ahead, finishing) - (ahead > 0 ? idle : 0)
        return max(min(max(needed, lacking) - (starting - replacing), space), 0)
    }

    /// How many to start in place of those that are due, once the others are counted.
    var startsForDue: Int { max(min(unreplaced, space - startsForRuns), 0) }

    /// How many are too few, those on their way not counted. Where each does one run, those that run it are of their number.
    private var lacking: Int { minimum - open - (ahead > 0 ? finishing : 0) }

    /// A due one is as good as gone: its replacement stands for it.
    private var space: Int { min(maximum - (starting + open - due), 2 * maximum - total) }
}
