import Configuration
import Glibc

/// The files of a handler's program as they are at one time: those that its command names, and beside and below each of its
/// arguments all with the same ending. `python3 /srv/app/jobs.py` is the interpreter and every `*.py` in /srv/app.
struct ProgramFiles: Equatable, Sendable {
    /// Another one stands for another content.
    struct Stamp: Equatable, Sendable {
        let seconds: Int
        let nanoseconds: Int
        let size: Int
        let inode: UInt64
    }

    /// More entries of directories than this are not looked at: that is no program's folder.
    static let mostEntries = 20_000
    static let deepest = 8
    /// Folders that hold no program, or one that nobody edits.
    private static let passedOver: Set<String> = ["node_modules", "__pycache__"]

    private(set) var stamps: [String: Stamp] = [:]

    init() {}

    /// Looks at them. May block for as long as a file server does.
    ///
    /// - Parameter directory: from which relative arguments count.
    init(executable: String, arguments: [String], directory: String) {
        add(executable)
        var budget = Self.mostEntries
        for argument in arguments where !argument.isEmpty && !argument.hasPrefix("-") {
            let path = argument.hasPrefix("/") ? argument : "\(directory)/\(argument)"
            guard add(path), let slash = path.lastIndex(of: "/") else { continue }
            let (folder, name) = (path[..<slash], path[path.index(after: slash)...])
            guard !folder.isEmpty, let dot = name.lastIndex(of: "."), dot != name.startIndex else { continue }
            addAll(endingIn: String(name[dot...]), below: String(folder), depth: 1, &budget)
        }
    }

    /// The first by name that differs; nil if none does.
    func difference(from other: ProgramFiles) -> String? {
        let names = Set(stamps.keys).union(other.stamps.keys)
        return names.filter { stamps[$0] != other.stamps[$0] }.min()
    }

    /// - Returns: false if it is no file.
    @discardableResult
    private mutating func add(_ path: String) -> Bool {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return false }
        stamps[path] = Stamp(
            seconds: facts.st_mtim.tv_sec, nanoseconds: facts.st_mtim.tv_nsec, size: Int(facts.st_size),
            inode: UInt64(facts.st_ino))
        return true
    }

    private mutating func addAll(endingIn suffix: String, below folder: String, depth: Int, _ budget: inout Int) {
        guard depth <= Self.deepest, let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        while budget > 0, let entry = readdir(directory) {
            budget -= 1
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix("."), !Self.passedOver.contains(name) else { continue }
            if name.hasSuffix(suffix) { add("\(folder)/\(name)") }
            // Links are not followed: they may lead in a circle.
            if entry.pointee.d_type == UInt8(DT_DIR) {
                addAll(endingIn: suffix, below: "\(folder)/\(name)", depth: depth + 1, &budget)
            }
        }
    }
}
