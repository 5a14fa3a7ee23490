import ArgumentParser

/// What exit statuses mean, after sysexits.h; docs/reference/exit-codes.md is the page.
enum Exit {
    /// EX_USAGE: the command line is wrong, or wants a confirmation.
    static let usage = ExitCode(64)
    /// EX_DATAERR: some of the input could not be used; the messages say which.
    static let badData = ExitCode(65)
    /// EX_NOINPUT: a file that was named cannot be read.
    static let noInput = ExitCode(66)
    /// EX_UNAVAILABLE: Redis cannot be reached, or refuses.
    static let unavailable = ExitCode(69)
    /// EX_SOFTWARE: a fault of our own.
    static let fault = ExitCode(70)
    /// EX_OSERR: the system refuses something a daemon needs.
    static let system = ExitCode(71)
    /// EX_CANTCREAT: a file cannot be written, or is there already.
    static let cannotCreate = ExitCode(73)
    /// EX_IOERR: the answer could not be written.
    static let output = ExitCode(74)
    /// EX_TEMPFAIL: not done yet: the job of `try` would run again, one that `jobs cancel` ends still runs.
    static let again = ExitCode(75)
    /// EX_CONFIG: the configuration has mistakes; nothing was started.
    static let configuration = ExitCode(78)
}
