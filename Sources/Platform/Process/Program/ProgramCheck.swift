import Glibc

/// Whether a program may be executed: nobody but those we trust can have exchanged it, nor the way to it, nor the interpreter
/// its first line names. Usable from any thread.
///
/// Files among the arguments are not looked at: they may lie on a file server that does not answer, and the daemon would wait
/// for it.
///
/// What was found is kept, and each time compared with what is there: some microseconds, and no question to the name service
/// as long as nothing has changed.
package final class ProgramCheck: Sendable {
    package let path: String
    private let searchPath: String
    private let trusted: TrustedUsers
    private let proved = Monitor<Proof?>(nil)

    /// What was found in order.
    private struct Proof: Sendable {
        /// Of the program and of its interpreters; each path once.
        var entries: [PathEntry] = []
        private var paths: Set<String> = []
        /// Where `env` looks before it finds the program, with what there was: mostly nothing.
        var candidates: [(path: String, kind: UInt32?)] = []
        /// The program itself.
        var program: PathEntry?
        var isScript = false

        var isSame: Bool {
            entries.allSatisfy(\.isSame) && candidates.allSatisfy { ProgramCheck.kind(of: $0.path) == $0.kind }
        }

        mutating func add(_ new: [PathEntry]) {
            entries += new.filter { paths.insert($0.path).inserted }
        }
    }

    /// What is not there is not executed either: it could be, a moment later, and be another one.
    private enum Finding {
        case proof(Proof)
        case missing(SpawnError)
    }

    /// A program that was found in order, for one execution.
    final class Opened {
        /// Executed by its path.
        static var byPath: Opened { Opened(nil) }

        private var file: FileDescriptor?

        init(_ file: consuming FileDescriptor?) { self.file = file }

        /// What was looked at, for execveat(2); -1 for what must be executed by its path. Valid as long as this object.
        var raw: Int32 { file?.raw ?? -1 }
    }

    /// O_PATH of open(2), which its header hides.
    private static let pathOnly: Int32 = 0o10_000_000

    /// - Parameter searchPath: the program's own PATH.
    package init(path: String, searchPath: String, trusted: TrustedUsers) {
        self.path = path
        self.searchPath = searchPath
        self.trusted = trusted
    }

    /// Looks at everything anew; may ask the name service. Nil when all is well, and when there is no such program: that is
    /// for whoever executes it to say.
    package func objection() -> ProgramObjection? {
        guard !trusted.isEverybody else { return nil }
        do throws(ProgramObjection) {
            _ = try prove()
            return nil
        } catch {
            return error
        }
    }

    /// What is to be executed now.
    func open() throws(SpawnError) -> Opened {
        if trusted.isEverybody { return .byPath }
        let result: Result<Opened, SpawnError>
        do throws(ProgramObjection) {
            result = try opened()
        } catch {
            throw SpawnError(code: EPERM, step: .trust, subject: "\(path) is refused: \(error)")
        }
        return try result.get()
    }

    private func opened() throws(ProgramObjection) -> Result<Opened, SpawnError> {
        // Somebody may just be exchanging it, who may do so.
        for _ in 0..<3 {
            switch try current() {
            case .missing(let error): return .failure(error)
            case .proof(let proof): if let opened = Self.open(proof) { return .success(opened) }
            }
        }
        throw ProgramObjection("\(path) is changed while it is looked at")
    }

    /// Nil if it is not what was looked at.
    private static func open(_ proof: Proof) -> Opened? {
        guard let program = proof.program, executesDescriptors, !proof.isScript else { return .byPath }
        // By its path it is what was just looked at too, so that a lack of descriptors is no reason to refuse it.
        guard let file = try? FileDescriptor.open(program.path, pathOnly | O_NOFOLLOW) else { return .byPath }
        var status = stat()
        return fstat(file.raw, &status) == 0 && PathEntry.Facts(status) == program.facts ? Opened(file) : nil
    }

    private func current() throws(ProgramObjection) -> Finding {
        if let proof = proved.withLock({ $0 }), proof.isSame { return .proof(proof) }
        return try prove()
    }

    private func prove() throws(ProgramObjection) -> Finding {
        var proof = Proof()
        var programs = [path]
        var seen: Set<String> = []
        while let program = programs.popLast() {
            guard seen.insert(program).inserted else { continue }
            let way = PathEntry.way(to: program)
            try judge(way, to: program, as: .program)
            guard way.end == nil, let file = way.entries.last else {
                return .missing(
                    SpawnError(
                        code: way.end?.code ?? ENOENT, step: program == path ? .execute : .interpreter, subject: path))
            }
            proof.add(way.entries)
            // What is no file has no first line, and is not executed either.
            let named = file.facts.kind == S_IFREG ? try interpreters(of: program) : nil
            if proof.program == nil { (proof.program, proof.isScript) = (file, named != nil) }
            programs += named?.programs ?? []
            for candidate in named?.before ?? [] { try look(before: candidate, &proof) }
        }
        proved.withLock { $0 = proof }
        return .proof(proof)
    }

    /// Looks where `env` would find something else if it were there.
    private func look(before candidate: String, _ proof: inout Proof) throws(ProgramObjection) {
        proof.candidates.append((candidate, Self.kind(of: candidate)))
        let way = PathEntry.way(to: candidate)
        try judge(way, to: candidate, as: .candidate)
        proof.add(way.entries)
    }

    private func interpreters(of program: String) throws(ProgramObjection) -> Interpreter.Named? {
        do throws(SystemError) {
            return try Interpreter.named(by: program, searchPath: searchPath)
        } catch {
            throw ProgramObjection("its first line cannot be looked at: \(error)")
        }
    }

    private func judge(_ way: PathEntry.Way, to file: String, as role: ProgramObjection.Role) throws(ProgramObjection) {
        for entry in way.entries {
            let isOpen = role == .candidate && way.end != nil && entry.path == way.directory
            let objection = ProgramObjection(
                entry, to: file, as: role, isOpen: isOpen, trusts: trusted.trusts,
                strangers: trusted.strangers(writing:), name: Account.name(of:))
            if let objection { throw objection }
        }
        // What we may not see may be seen by whom it is executed as; of a candidate only what is there counts.
        if role == .program, let end = way.end, ![ENOENT, ENOTDIR, ELOOP].contains(end.code) {
            throw ProgramObjection("it cannot be seen whether somebody else could exchange it: \(end)")
        }
    }

    /// Through links; nil if it is not there.
    private static func kind(of path: String) -> UInt32? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// From Linux 6.14 on a program that is executed by a descriptor is called by its name in /proc/PID/comm; before, by the
    /// descriptor's number, by which nobody would know it. There, as with scripts, it is executed by its path: who could lead that
    /// elsewhere has just been looked at.
    private static let executesDescriptors: Bool = {
        guard let text = ProcFile.text("/proc/sys/kernel/osrelease") else { return false }
        let numbers = text.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= (6, 14)
    }()
}
