import Glibc
import TestSupport
import Testing

@testable import Platform

@Suite("Cgroups of version 2")
struct ControlGroupTests {
    private static let mixed = """
        30 22 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
        31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:8 - cgroup2 cgroup2 rw,nsdelegate
        33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
        """
    private static let pure = "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 master:2 - cgroup2 cgroup2 rw"
    private static let bound = "29 22 0:26 /system.slice/a.service /mnt/a rw - cgroup2 cgroup2 rw"

    @Test("our own is found wherever the hierarchy is mounted")
    func ownPath() {
        func path(_ mounts: String, _ group: String) -> String? {
            ControlGroup.path(mounts: mounts, groups: "4:memory:/x\n\(group)\n")
        }
        #expect(path(Self.pure, "0::/system.slice/m.service") == "/sys/fs/cgroup/system.slice/m.service")
        #expect(path(Self.mixed, "0::/user.slice") == "/sys/fs/cgroup/unified/user.slice")
        #expect(path(Self.pure, "0::/") == "/sys/fs/cgroup")
        #expect(path(Self.bound, "0::/system.slice/a.service/b") == "/mnt/a/b")
        #expect(path(Self.bound, "0::/system.slice/a.service") == "/mnt/a")
        #expect(path(Self.bound, "0::/system.slice/a.service2") == nil, "not where this process is")
        #expect(path(Self.pure, "1:name=systemd:/x") == nil, "no hierarchy of version 2")
        #expect(path("31 30 0:27 / /proc rw - proc proc rw", "0::/") == nil)
    }

    @Test("a shortage of memory is told with the end it explains, and with no other")
    func summary() {
        let report = ExitReport(status: .signaled(.kill, coreDumped: false), cpuSeconds: 0, maximumResidentKB: 34 << 10)
        #expect(report.summary == "killed by SIGKILL, peak memory 34 MB")
        let shortage = MemoryShortage(limitBytes: 64 << 20, peakBytes: 64 << 20)
        #expect(report.adding(shortage).summary == "killed by SIGKILL (out of memory), peak memory 64 MB")
        let unknown = MemoryShortage(limitBytes: nil, peakBytes: nil)
        #expect(report.adding(unknown).summary == "killed by SIGKILL (out of memory), peak memory 34 MB")
        let exited = ExitReport(status: .exited(0), cpuSeconds: 0, maximumResidentKB: 0)
        #expect(exited.adding(shortage).shortage == nil)
    }
}

@Suite(
    "A process in a cgroup of its own",
    .enabled(if: DelegatedCgroup.isPossible, "needs root and a hierarchy of version 2: make test-vm"))
struct ControlGroupProcessTests {
    @Test("a child begins in the cgroup it is given")
    func begins() throws {
        let delegated = try DelegatedCgroup()
        let name = delegated.group.name
        let own = try output(of: "cat /proc/self/cgroup") { $0.controlGroup = delegated.group }
        #expect(own.split(separator: "\n").contains { $0.hasPrefix("0::/") && $0.hasSuffix("/\(name)") })
    }

    @Test("one kill ends all in it, whatever session they moved to, and then it can be removed")
    func kill() throws {
        let delegated = try DelegatedCgroup()
        let group = try delegated.group.child("handler")
        let child = try shell("(setsid sleep 1000 &) ; (setsid sh -c 'sleep 1000; true' &) ; exec sleep 1000") {
            $0.controlGroup = group
        }
        defer { end(child) }
        try eventually("all four run") { group.processes.count == 4 }
        #expect(group.isPopulated)
        #expect(!group.remove())
        let pids = group.processes
        #expect(group.kill())
        try eventually("nobody lives in it") { !group.isPopulated }
        #expect(pids.allSatisfy { !isAlive($0) })
        #expect(group.remove())
        #expect(group.text(of: "cgroup.procs") == nil)
    }

    @Test("a child that cannot enter its cgroup is no child, and the reason is told")
    func gone() throws {
        let delegated = try DelegatedCgroup()
        let group = try delegated.group.child("gone")
        #expect(group.remove())
        let error = #expect(throws: SpawnError.self) { try shell("true") { $0.controlGroup = group } }
        #expect(error?.step == .fork)
        // Which of the two depends on the kernel.
        #expect(error?.code == ENOENT || error?.code == ENODEV)
    }

    @Test("what a failed start leaves in a cgroup is nothing")
    func failedStart() throws {
        let delegated = try DelegatedCgroup()
        var spec = ProcessSpec(executable: "/no/such/program", arguments: ["x"])
        spec.controlGroup = delegated.group
        #expect(throws: SpawnError.self) { try spec.spawn() }
        #expect(!delegated.group.isPopulated)
    }

    @Test("only what systemd marks counts as delegated")
    func delegated() throws {
        let delegated = try DelegatedCgroup()
        #expect(delegated.group.isDelegated)
        #expect(!(try delegated.group.child("below").isDelegated))
    }
}
