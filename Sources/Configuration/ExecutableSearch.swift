import Glibc

/// Turns what the configuration writes for a path or a program into an absolute path.
package enum ExecutableSearch {
    /// Where a program without a `/` is looked up, and the PATH that handlers get: fixed, so that a job does not depend
    /// on the shell its daemon was started from.
    package static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// The absolute path of a program.
    ///
    /// - Parameter isExecutable: asked for each directory of `path` in turn.
    /// - Returns: a path in `/usr/bin` if the program is in none of them, so that starting it fails and names it.
    static func executable(_ program: String, from directory: String, isExecutable: (String) -> Bool) -> String {
        if program.contains("/") { return absolute(program, from: directory) }
        let candidates = path.split(separator: ":").map { "\($0)/\(program)" }
        return candidates.first(where: isExecutable) ?? "/usr/bin/\(program)"
    }

    /// Puts a directory before a relative path and takes out `.` and empty parts. `..` stays: only the file system knows
    /// what it means behind a symbolic link.
    static func absolute(_ path: String, from directory: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// The directory an absolute path lies in.
    static func parent(of path: String) -> String {
        "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }

    /// A regular file that this process may execute.
    package static func isExecutableFile(_ path: String) -> Bool {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return false }
        return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0
    }
}
