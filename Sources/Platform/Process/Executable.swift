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
        return candidates(name, inPath: path).first(where: isExecutable)
    }

    /// Where a name without a slash is looked for, in this order.
    static func candidates(_ name: String, inPath path: String) -> [String] {
        guard !name.isEmpty else { return [] }
        return path.split(separator: ":").filter { $0.hasPrefix("/") }.map {
            $0.hasSuffix("/") ? "\($0)\(name)" : "\($0)/\(name)"
        }
    }

    /// Whether this process could execute the file: access(2) with its real user, and it is no directory.
    package static func isExecutable(_ path: String) -> Bool {
        var file = stat()
        return stat(path, &file) == 0 && file.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
