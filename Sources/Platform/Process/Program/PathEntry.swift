import Glibc

/// One thing on the way to a program: a directory, a symbolic link, or the program itself.
struct PathEntry: Sendable {
    /// Absolute, no symbolic link before its last part.
    let path: String
    let facts: Facts

    /// What lstat(2) says of it, as far as it decides who could exchange what is executed.
    struct Facts: Equatable, Sendable {
        let device: UInt64
        let inode: UInt64
        let mode: UInt32
        let owner: UInt32
        let group: UInt32
        /// When anything of it was last changed, in nanoseconds since 1970; 0 for a directory, in which files come and go.
        let changed: Int64

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            mode = status.st_mode
            owner = status.st_uid
            group = status.st_gid
            let isDirectory = status.st_mode & S_IFMT == S_IFDIR
            changed = isDirectory ? 0 : Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
        }

        var kind: UInt32 { mode & S_IFMT }
        var isDirectory: Bool { kind == S_IFDIR }
        var isLink: Bool { kind == S_IFLNK }
        /// Only the owner of a file, the directory's owner and root may rename or remove it: sticky(7).
        var isSticky: Bool { isDirectory && mode & S_ISVTX != 0 }
    }

    init(_ path: String) throws(SystemError) {
        guard let facts = Self.facts(of: path) else { throw SystemError.last("look at \(path)") }
        self.path = path
        self.facts = facts
    }

    /// As it is now; nil with errno if it is not there.
    static func facts(of path: String) -> Facts? {
        var status = stat()
        return lstat(path, &status) == 0 ? Facts(status) : nil
    }

    /// Whether it is what it was.
    var isSame: Bool { Self.facts(of: path) == facts }

    /// What is on the way to a file.
    struct Way {
        /// As far as they are there.
        var entries: [PathEntry] = []
        /// Why they end before the file; nil if they do not.
        var end: SystemError?
        /// In which the search ended: the one with the file, or with what is missing.
        var directory = "/"
    }

    /// Everything on the way to a file, from the root directory to the file itself, through symbolic links as the kernel
    /// follows them: path_resolution(7).
    static func way(to path: String) -> Way {
        var way = Way()
        do throws(SystemError) {
            try follow(path, &way)
        } catch {
            way.end = error
        }
        return way
    }

    private static func follow(_ path: String, _ way: inout Way) throws(SystemError) {
        way.entries.append(try PathEntry("/"))
        var directory = "" {
            didSet { way.directory = directory.isEmpty ? "/" : directory }
        }
        var links = 0
        var rest = path.split(separator: "/").map(String.init)
        while !rest.isEmpty {
            let name = rest.removeFirst()
            if name == "." { continue }
            if name == ".." {
                directory = String(directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)])
                continue
            }
            let entry = try PathEntry("\(directory)/\(name)")
            if !way.entries.contains(where: { $0.path == entry.path }) || rest.isEmpty { way.entries.append(entry) }
            if entry.facts.isLink {
                links += 1
                // As many as the kernel follows.
                guard links <= 40 else { throw SystemError(code: ELOOP, doing: "look at \(path)") }
                let target = try target(of: entry.path)
                if target.hasPrefix("/") { directory = "" }
                rest = target.split(separator: "/").map(String.init) + rest
            } else if entry.facts.isDirectory {
                directory = entry.path
            } else if !rest.isEmpty {
                throw SystemError(code: ENOTDIR, doing: "look at \(path)")
            }
        }
    }

    private static func target(of link: String) throws(SystemError) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink(link, $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
        }
        guard count >= 0 else { throw SystemError.last("read the link \(link)") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
