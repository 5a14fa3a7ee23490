import Glibc
package import Platform

/// A cgroup such as systemd leaves to a service with `Delegate=yes`, in whatever hierarchy of version 2 this machine has.
/// Its processes are killed and it is removed when it is no longer needed.
package final class DelegatedCgroup {
    /// Only root may make one, and only where a hierarchy of version 2 can kill; `make test-vm` has all of it.
    package static let isPossible: Bool = {
        guard geteuid() == 0, let group = try? ControlGroup.own()?.child("martlet-test-\(getpid())-probe") else {
            return false
        }
        defer { group.remove() }
        return group.canKill
    }()

    package let group: ControlGroup

    package init() throws {
        // Of several processes of the tests, and of several tests in one.
        let name = "martlet-test-\(getpid())-\(UInt32.random(in: .min ... .max))"
        guard let group = try ControlGroup.own()?.child(name) else {
            throw SystemError(code: ENOENT, doing: "find our own cgroup")
        }
        self.group = group
        let mark = "import os, sys; os.setxattr(sys.argv[1], 'user.delegate', b'1')"
        let python = Program.run(["/usr/bin/python3", "-c", mark, group.path])
        guard python.code == 0 else { throw SystemError(code: EPERM, doing: "mark \(group.path): \(python.errors)") }
    }

    deinit {
        group.kill()
        let deadline = MonotonicTime.now().advanced(bySeconds: 10)
        while !group.remove(), MonotonicTime.now() < deadline { usleep(5000) }
    }
}
