import Glibc

/// Whether a program may be executed: nobody but those we trust can have exchanged it, nor the way to it, nor the interpreter
/// its first line names. Usable from any thread.
///
/// What was found is kept, and each time compared with what is there: some microseconds, and no question to the name service
/// as long as nothing has changed.
package final class ProgramCheck: Sendable {
    /// A script whose interpreter is a script, and so on: as many as the kernel takes, execve(2).
    private static let deepest = 4

    package let path: String
    private let searchPath: String
    private let trusted: TrustedUsers
    private let proved = Monitor<Proof?>(nil)

    /// What was found in order.
    private struct Proof: Sendable {
        /// Of the program and of its interpreters.
        var entries: [PathEntry]
        /// The program itself.
        var program: PathEntry
        var isScript: Bool
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
        do throws(ProgramObjection) {
            _ = try prove()
            return nil
        } catch {
            return error
        }
    }

    /// What is to be executed now.
    func open() throws(ProgramObjection) -> Opened {
        if trusted.isEverybody { return .byPath }
        // Somebody may just be exchanging it, who may do so.
        for _ in 0..<3 {
            guard let proof = try current() else { return .byPath }
            guard Self.executesDescriptors, !proof.isScript else { return .byPath }
            // By its path it is what was just looked at too, so that a lack of descriptors is no reason to refuse it.
            guard let file = try? FileDescriptor.open(proof.program.path, Self.pathOnly | O_NOFOLLOW) else {
                return .byPath
            }
            var status = stat()
            if fstat(file.raw, &status) == 0, PathEntry.Facts(status) == proof.program.facts {
                return Opened(file)
            }
        }
        throw ProgramObjection("\(path) is changed while it is looked at")
    }

    private func current() throws(ProgramObjection) -> Proof? {
        if let proof = proved.withLock({ $0 }), proof.entries.allSatisfy(\.isSame) { return proof }
        return try prove()
    }

    private func prove() throws(ProgramObjection) -> Proof? {
        guard !trusted.isEverybody else { return nil }
        var proof: Proof?
        var programs = [path]
        var depth = 0
        while depth < Self.deepest, !programs.isEmpty {
            var interpreters: [String] = []
            for program in programs {
                guard let way = try way(to: program), let file = way.last else { return nil }
                // What is no file has no first line, and is not executed either.
                let named = file.facts.kind == S_IFREG ? try self.interpreters(of: program) : nil
                interpreters += named ?? []
                proof = Proof(
                    entries: (proof?.entries ?? []) + way, program: proof?.program ?? file,
                    isScript: proof?.isScript ?? (named != nil))
            }
            programs = interpreters
            depth += 1
        }
        proved.withLock { $0 = proof }
        return proof
    }

    private func interpreters(of program: String) throws(ProgramObjection) -> [String]? {
        do throws(SystemError) {
            return try Interpreter.named(by: program, searchPath: searchPath)
        } catch {
            throw ProgramObjection("its first line cannot be looked at: \(error)")
        }
    }

    /// Nil if it is not there.
    private func way(to program: String) throws(ProgramObjection) -> [PathEntry]? {
        let way: [PathEntry]
        do throws(SystemError) {
            way = try PathEntry.way(to: program)
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR || error.code == ELOOP { return nil }
            throw ProgramObjection("it cannot be seen whether somebody else could exchange it: \(error)")
        }
        for entry in way {
            let objection = ProgramObjection(
                entry, to: program, trusts: trusted.trusts, strangers: trusted.strangers(writing:),
                name: Account.name(of:))
            if let objection { throw objection }
        }
        return way
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
