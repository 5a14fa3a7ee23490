import Glibc

/// Proves what the handlers name outside the file: programs, directories and users of this machine, as they are now.
package enum HandlerProof {
    /// Everything that would keep a handler from starting; empty when all is well.
    ///
    /// - Parameter places: from the same load; without them problems name the file but no line.
    package static func problems(in settings: Settings, places: Places? = nil) -> [Problem] {
        problems(in: settings, places: places, effectiveUser: geteuid())
    }

    /// - Parameters:
    ///   - effectiveUser: the uid Martlet runs as; root may become others.
    ///   - jemalloc: the path of its library; nil if there is none.
    static func problems(
        in settings: Settings, places: Places?, effectiveUser: UInt32, jemalloc: String? = SharedLibrary.jemalloc()
    ) -> [Problem] {
        let file = places?.file ?? settings.file
        return settings.handlers.flatMap { handler -> [Problem] in
            let place = places?.handlers[handler.name]
            let title = "handlers.\(handler.name)"
            var found: [Problem] = []
            if let mistake = program(handler) {
                found.append(
                    Problem(
                        file: file, at: place?.command ?? place?.name, message: "`\(title).command` \(mistake.text)"))
            }
            if found.isEmpty, let mistake = trust(handler, effectiveUser: effectiveUser) {
                found.append(
                    Problem(
                        file: file, at: place?.command ?? place?.name, message: "`\(title).command` \(mistake.text)"))
            }
            if let mistake = directory(handler.directory) {
                found.append(
                    Problem(
                        file: file, at: place?.directory ?? place?.name, message: "`\(title).directory` \(mistake.text)"
                    ))
            }
            if let user = handler.user, let mistake = self.user(user, effectiveUser: effectiveUser) {
                found.append(
                    Problem(file: file, at: place?.user ?? place?.name, message: "`\(title).user` \(mistake.text)"))
            }
            if let group = handler.confinement.group, let mistake = self.group(group, effectiveUser: effectiveUser) {
                found.append(
                    Problem(file: file, at: place?.group ?? place?.name, message: "`\(title).group` \(mistake.text)"))
            }
            if let nice = handler.confinement.nice, let mistake = self.nice(nice, effectiveUser: effectiveUser) {
                found.append(
                    Problem(file: file, at: place?.nice ?? place?.name, message: "`\(title).nice` \(mistake.text)"))
            }
            if handler.malloc == .jemalloc, jemalloc == nil {
                found.append(
                    Problem(
                        file: file, at: place?.malloc ?? place?.name,
                        message:
                            "`\(title).malloc` is jemalloc, of which this machine has no library; install it (Debian: "
                            + "libjemalloc2), or write arenas=2"))
            }
            return found
        }
    }

    /// A path is shown whole: a cut one names another file.
    private static func shown(_ path: String) -> String { quoted(path, limit: Int(PATH_MAX)) }

    private static func program(_ handler: HandlerSettings) -> Mistake? {
        let path = handler.executable
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            let reason = errno
            let written = handler.command.first ?? ""
            if !written.contains("/") {
                return Mistake("names \(quoted(written)), which is in no directory of \(ExecutableSearch.path)")
            }
            let advice = written.hasPrefix("~") ? "; `~` is not expanded, write the whole path" : ""
            return Mistake("names \(shown(path)): \(String(cString: strerror(reason)))\(advice)")
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            let isDirectory = facts.st_mode & S_IFMT == S_IFDIR
            return Mistake("names \(shown(path)), which is \(isDirectory ? "a directory" : "not a regular file")")
        }
        // Another user's rights are not worked out here (groups, ACLs); a file nobody may execute is wrong for all.
        let isForSelf = handler.user == nil
        let isAllowed =
            isForSelf
            ? faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 : facts.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH) != 0
        guard isAllowed else { return Mistake("names \(shown(path)), which is not executable; try chmod +x") }
        return interpreter(of: path)
    }

    /// The kernel answers a missing interpreter with "No such file or directory", as if the script were missing.
    private static func interpreter(of path: String) -> Mistake? {
        // A program that may be executed but not read is none of our business: the kernel can still start it.
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        // The kernel reads so much of the line, see execve(2).
        var head = [UInt8](repeating: 0, count: 256)
        let count = fread(&head, 1, head.count, file)
        guard count > 2, head.starts(with: Array("#!".utf8)) else { return nil }
        let line = head[2..<count].prefix { $0 != UInt8(ascii: "\n") }
        let word = line.drop { $0 == 0x20 || $0 == 0x09 }.prefix { $0 != 0x20 && $0 != 0x09 }
        let name = String(decoding: word, as: UTF8.self)
        if name.hasSuffix("\r") {
            return Mistake(
                "names \(shown(path)), whose first line ends with a carriage return; save it with Unix line ends")
        }
        guard !name.isEmpty, access(name, X_OK) != 0 else { return nil }
        return Mistake(
            "names \(shown(path)), whose interpreter \(quoted(name)) cannot be executed: \(String(cString: strerror(errno)))"
        )
    }

    private static func directory(_ path: String) -> Mistake? {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            return Mistake("names \(shown(path)): \(String(cString: strerror(errno)))")
        }
        return facts.st_mode & S_IFMT == S_IFDIR ? nil : Mistake("names \(shown(path)), which is not a directory")
    }
}
