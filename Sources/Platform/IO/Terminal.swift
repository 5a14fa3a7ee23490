import Glibc

/// What is known of the terminal, if there is one.
package enum Terminal {
    /// Whether people read what is written here: isatty(3).
    package static func isTerminal(_ fd: Int32) -> Bool { isatty(fd) == 1 }
}
