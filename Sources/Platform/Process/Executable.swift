import Glibc

/// Finding a program as a shell does.
package enum Executable {
    /// The file a name stands for.
    ///
    /// - Parameters:
    ///   - name: with a slash a path, taken as it is; otherwise looked for in the search path.
    ///   - path: directories separated by colons. Empty and relative ones are skipped: what runs must not depend on
    ///     where the program was started.
    /// - Returns: nil if there is no regular file by that name that this process may execute.
    package static func find(_ name: String, inPath path: String) -> String? {
        if name.utf8.contains(UInt8(ascii: "/")) { return isExecutable(name) ? name : nil }
        guard !name.isEmpty else { return nil }
        for directory in path.split(separator: ":") where directory.hasPrefix("/") {
            let candidate = directory.hasSuffix("/") ? "\(directory)\(name)" : "\(directory)/\(name)"
            if isExecutable(candidate) { return candidate }
        }
        return nil
    }

    /// Whether this process could execute the file: access(2) with its real user, and it is no directory.
    package static func isExecutable(_ path: String) -> Bool {
        var file = stat()
        return stat(path, &file) == 0 && file.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
