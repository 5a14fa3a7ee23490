import Foundation
import Platform

/// A directory whose files nobody can open: who tries waits in the kernel, and SIGKILL does not end him until the
/// directory is `release`d. A dead file server does the same.
package final class HungFiles {
    /// The directory; do not touch what lies in it.
    package let path: String
    private let directory = TemporaryDirectory()
    private var server: ChildProcess?
    // Its end, also by the death of the test's process, takes the directory away.
    private var lifeline: FileDescriptor?

    /// Whether this machine lets us make one: root, and /dev/fuse.
    package static let isAvailable: Bool = {
        guard geteuid() == 0, access("/dev/fuse", R_OK | W_OK) == 0 else { return false }
        return HungFiles() != nil
    }()

    /// Why a test that needs one is skipped.
    package static let reason = "it needs root and /dev/fuse, to have a process that the kernel holds"

    /// Nil if it cannot be mounted.
    package init?() {
        path = directory.path + "/files"
        let program = EvilProgram.path("hung-files")
        guard mkdir(path, 0o755) == 0 else { return nil }
        chmod(directory.path, 0o755)
        do {
            let input = try FileDescriptor.pipe()
            let output = try FileDescriptor.pipe()
            server = try ProcessSpec(
                executable: program, arguments: ["hung-files", path],
                descriptors: [(0, input.read.raw), (1, output.write.raw)], group: .session
            ).spawn()
            let end = input.write
            lifeline = consume end
            _ = consume output.write
            guard try output.read.readAll() == Array("mounted\n".utf8) else { return nil }
        } catch {
            return nil
        }
    }

    /// A file that is not empty once somebody waits and can no longer be taken back.
    package var asked: String { path + ".asked" }

    /// Whether a process waits there, where nothing reaches it.
    package func holds(_ pid: Int32) -> Bool {
        guard !Program.text(of: asked).isEmpty else { return false }
        // The first who asks for a file waits for the answer, those after him for the first.
        return ["request_wait_answer", "d_alloc_parallel"].contains(Program.text(of: "/proc/\(pid)/wchan"))
    }

    /// Whoever waits there goes on: with an error, or to his end if he was killed.
    package func release() {
        lifeline = nil
        _ = server?.wait(until: .now().advanced(bySeconds: 10))
        server = nil
    }

    deinit { release() }
}
