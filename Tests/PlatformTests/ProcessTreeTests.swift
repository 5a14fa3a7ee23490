import Glibc
import Platform
import Testing

@Suite("Who descends from whom")
struct ProcessTreeTests {
    /// A shell whose grandchild has left its group and session and lost its parent, and a child that stays.
    private static let escaping =
        "setsid sh -c 'sleep 1001 & sleep 1002 & echo started >&5; wait' & sh -c 'sleep 1003; true' & wait"

    private func started() throws -> ChildProcess {
        let out = try FileDescriptor.pipe()
        let child = try shell(Self.escaping) { $0.descriptors = [(5, out.write.raw)] }
        _ = try read(8, from: out.read)
        return child
    }

    @Test("a tree is killed whole, sessions of its own included")
    func killTree() throws {
        let child = try started()
        try eventually("the tree has grown") { ProcessTree.descendants(of: child.pid).count >= 5 }
        let tree = ProcessTree.descendants(of: child.pid)
        let killed = ProcessTree.kill(child.pid)
        #expect(Set(killed) == Set(tree + [child.pid]))
        #expect(child.wait(until: soon())?.status == .signaled(.kill, coreDumped: false))
        try eventually("nobody of the tree is left") { !tree.contains(where: isAlive) }
    }

    @Test("what a process has started can be killed without it")
    func killDescendants() throws {
        let child = try started()
        try eventually("the tree has grown") { ProcessTree.descendants(of: child.pid).count >= 5 }
        let killed = ProcessTree.kill(child.pid, sparing: true)
        #expect(!killed.contains(child.pid))
        // Its children gone, the shell has nothing left to wait for.
        #expect(child.wait(until: soon())?.status == .exited(0))
    }

    @Test("children are the direct ones only")
    func children() throws {
        let child = try started()
        defer {
            ProcessTree.kill(child.pid)
            end(child)
        }
        try eventually("the tree has grown") { ProcessTree.descendants(of: child.pid).count >= 5 }
        #expect(ProcessTree.children(of: child.pid).count == 2)
        #expect(ProcessTree.children(of: getpid()).contains(child.pid))
    }

    @Test("a subreaper adopts what a double fork left behind, can tell whose it was, and ends it")
    func adoption() async {
        // A process of its own, since every orphan of this one would be adopted too.
        await #expect(processExitsWith: .success) {
            try ProcessTree.becomeSubreaper()
            let out = try FileDescriptor.pipe()
            let inode = try #require(ProcessIdentity.pipeInode(of: getpid(), fd: out.read.raw))
            let child = try shell("(setsid sleep 1000 &) ; exit 0") {
                $0.descriptors = [(1, out.write.raw)]
                $0.environment.append("MARK=mine")
            }
            #expect(child.wait(until: soon())?.status == .exited(0))
            var orphan: ProcessEntry?
            try eventually("the orphan was adopted and runs its program") {
                orphan = ProcessTree.adopted(knowing: []).first
                guard let orphan, orphan.session == orphan.pid else { return false }
                return ProcessIdentity.residentKB(of: orphan.pid) ?? 0 > 0
            }
            let entry = try #require(orphan)
            #expect(ProcessTree.adopted(knowing: [entry.pid]).isEmpty)
            #expect(ProcessIdentity.environment(of: entry.pid)?.contains("MARK=mine") == true)
            #expect(ProcessIdentity.pipeInode(of: entry.pid, fd: 1) == inode)
            #expect(ProcessIdentity.pipeInode(of: entry.pid, fd: 0) == nil)
            #expect(!ProcessTree.reap(entry.pid))
            #expect(ProcessTree.kill(entry.pid) == [entry.pid])
            try eventually("the zombie was reaped") { ProcessTree.reap(entry.pid) }
            #expect(ProcessEntry(pid: entry.pid) == nil)
        }
    }

    @Test("a signal never reaches the next user of a number")
    func reusedNumber() throws {
        let child = try shell("exec sleep 100")
        defer { end(child) }
        let line = "\(child.pid) (sleep) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0"
        let predecessor = try #require(ProcessEntry(stat: Array(line.utf8)))
        #expect(!ProcessTree.send(.kill, to: predecessor))
        #expect(isAlive(child.pid))
        let itself = try #require(ProcessEntry(pid: child.pid))
        #expect(ProcessTree.send(.kill, to: itself))
    }

    @Test("a program's name cannot disguise its process")
    func oddNames() throws {
        let line = "77 (a) R 1 (b) ) S 5 6 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0"
        let entry = try #require(ProcessEntry(stat: Array(line.utf8)))
        #expect(entry.pid == 77 && entry.parent == 5 && entry.group == 6 && entry.session == 7)
        #expect(entry.startTime == 12345 && !entry.isZombie)
        #expect(ProcessEntry(stat: Array("77 (cut".utf8)) == nil)
    }

    @Test("a process can be told from every other on this boot")
    func identity() throws {
        #expect(ProcessIdentity.bootID.utf8.count == 36)
        #expect(ProcessIdentity.pidNamespace > 0)
        #expect(try output(of: "uname -n") == ProcessIdentity.hostName + "\n")
        #expect(try #require(ProcessIdentity.startTime(of: getpid())) > 0)
        #expect(try #require(ProcessIdentity.residentKB(of: getpid())) > 1000)
        #expect(ProcessIdentity.startTime(of: 0) == nil)
    }

    @Test("a process is gone only if that is certain: not while its number is taken by somebody who cannot be seen")
    func gone() throws {
        let start = try #require(ProcessIdentity.startTime(of: getpid()))
        #expect(!ProcessIdentity.isGone(getpid(), startTime: start, supervisor: 1))
        #expect(ProcessIdentity.isGone(getpid(), startTime: start + 1, supervisor: 1), "the number is somebody else's")
        // What /proc shows of another user's process under hidepid, and of any when no descriptor is left.
        #expect(!ProcessIdentity.isGone(1, startTime: 5, supervisor: 1, look: { _ in nil }))
        #expect(!ProcessIdentity.isGone(getpid(), startTime: 0, supervisor: 1), "it never knew when it began")
        func isGone(_ state: String, parent: Int32, supervisor: Int32 = 50) -> Bool {
            let line = "77 (martlet) \(state) \(parent)" + String(repeating: " 0", count: 17) + " 5 0"
            return ProcessIdentity.isGone(
                77, startTime: 5, supervisor: supervisor, look: { _ in ProcessEntry(stat: Array(line.utf8)) })
        }
        #expect(!isGone("S", parent: 1))
        #expect(!isGone("S", parent: 50))
        #expect(isGone("Z", parent: 1), "it has ended, and its supervisor too")
        #expect(isGone("Z", parent: 60), "whoever was given it does not reap it")
        #expect(!isGone("Z", parent: 50), "its supervisor is about to reap it")
        #expect(!isGone("Z", parent: 60, supervisor: 0), "nobody knows whose it was")
        #expect(!isGone("Z", parent: 1, supervisor: 1), "here the supervisor is init")
        let child = try shell("exit 0")
        _ = child.wait(until: soon())
        #expect(ProcessIdentity.isGone(child.pid, startTime: 5, supervisor: 1, look: { _ in nil }))
    }
}
