import Glibc

/// How many files this process may have open: RLIMIT_NOFILE of getrlimit(2).
package enum OpenFiles {
    /// Raises the soft limit to the hard one.
    ///
    /// - Returns: the soft limit before, which children should get back: programs that use select(2) fail on numbers
    ///   beyond 1023.
    package static func raise() -> UInt64 {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 1024 }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        // Raising up to the hard limit needs no right; if it fails nevertheless, the old limit stands.
        setrlimit(resource, &limit)
        return UInt64(before)
    }
}
