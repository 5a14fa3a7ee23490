import Glibc

/// A signal by its number: signal(7).
package struct Signal: Hashable, Sendable, CustomStringConvertible {
    package let number: Int32

    package init(number: Int32) { self.number = number }

    package static let hangup = Signal(number: SIGHUP)
    package static let interrupt = Signal(number: SIGINT)
    package static let quit = Signal(number: SIGQUIT)
    package static let abort = Signal(number: SIGABRT)
    package static let kill = Signal(number: SIGKILL)
    package static let user1 = Signal(number: SIGUSR1)
    package static let user2 = Signal(number: SIGUSR2)
    package static let segmentation = Signal(number: SIGSEGV)
    package static let pipe = Signal(number: SIGPIPE)
    package static let alarm = Signal(number: SIGALRM)
    package static let terminate = Signal(number: SIGTERM)
    package static let child = Signal(number: SIGCHLD)
    package static let `continue` = Signal(number: SIGCONT)
    package static let stop = Signal(number: SIGSTOP)
    /// TSTP, the stop a terminal sends on control-Z; Sidekiq's "quiet".
    package static let stopTerminal = Signal(number: SIGTSTP)
    package static let ttin = Signal(number: SIGTTIN)

    /// The name with its prefix, such as "SIGTERM"; "SIGRTMIN+3" or "signal 99" where there is none.
    package var name: String {
        if number > 0, Int(number) < Self.names.count { return "SIG" + Self.names[Int(number)] }
        // The C library keeps the kernel's first two (32 and 33) for itself, so that the programs' begin at 34.
        if (34...64).contains(number) { return number == 34 ? "SIGRTMIN" : "SIGRTMIN+\(number - 34)" }
        return "signal \(number)"
    }

    package var description: String { name }

    // Linux numbers on every architecture Swift runs on there (not MIPS, SPARC or Alpha).
    private static let names = [
        "0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
        "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM",
        "PROF", "WINCH", "IO", "PWR", "SYS",
    ]
}
