import Glibc
import Platform
import TestSupport
import Testing

@Suite("Limits that nobody enforces")
struct UnenforcedLimitTests {
    @Test("are warned about at the start, by name, and the jobs are done all the same")
    func warned() throws {
        try Scene.run(
            """
            concurrency: 1
            handlers:
              work: { command: [./ledger.sh], classes: [Work], limits: { memory: 64MB, tasks: 16 } }
            """
        ) { scene in
            for limit in ["memory", "tasks"] {
                #expect(
                    scene.daemon.log.contains(
                        "handlers.work.limits.\(limit) does not hold: no cgroup of version 2 was delegated"))
            }
            try scene.jobs.push(Jobs.payload("Work", "a"))
            eventually(within: 30, "the job is done") { scene.done == ["a"] }
            try scene.finish()
        }
    }
}

@Suite(
    "A service with a delegated cgroup",
    .enabled(if: DelegatedCgroup.isPossible, "needs root and a hierarchy of version 2: make test-vm"))
struct CgroupTests {
    private static let configuration = """
        processes: 1
        concurrency: 4
        timeout: 5
        handlers:
          hider: { command: [./hide.sh], classes: [Hide] }
          served: { command: [./serve.py], classes: [Sleep, Work], mode: serve }
        """

    /// Leaves a process behind whose parents, session, descriptors and environment do not give it away; runs on if its
    /// first attempt was cut off.
    private static let hide = """
        #!/bin/sh
        echo "start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        setsid env -i /bin/sh -c '(exec /bin/sleep 1000) >/dev/null 2>&1 4>&- &'
        [ "$(grep -c start ledger)" -gt 1 ] || sleep 1000
        echo "end $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
        """

    private func sleepers(_ scene: Scene) -> [Int32] {
        scene.daemon.survivors.map(\.pid).filter { Daemon.arguments(of: $0) == ["/bin/sleep", "1000"] }
    }

    @Test("its own processes and each handler's live apart, and nothing is left at the end")
    func layout() throws {
        let delegated = try DelegatedCgroup()
        try Scene.run(Self.configuration, files: ["hide.sh": Self.hide], controlGroup: delegated.group) { scene in
            try scene.jobs.push(Jobs.payload("Sleep", "a", args: "[2]"))
            eventually(within: 30, "the job runs") { scene.starts("a") == 1 }
            let group = delegated.group
            let worker = try #require(scene.daemon.workers.first)
            #expect(group.processes == [])
            let own = try group.child("martlet").processes
            #expect(Set(own) == Set(scene.daemon.workers + scene.daemon.schedulers + [scene.daemon.pid]))
            let handler = try group.child("handlers").child("\(worker)").child("served-1").processes
            #expect(handler.count == 1 && !own.contains(handler[0]))
            eventually(within: 30, "the job is done") { scene.done == ["a"] }
            try scene.finish()
            #expect(try group.child("handlers").childNames == [])
        }
    }

    @Test("what the handlers of a killed worker left behind dies before the jobs run again, however it hid")
    func killedWorker() throws {
        let delegated = try DelegatedCgroup()
        try Scene.run(Self.configuration, files: ["hide.sh": Self.hide], controlGroup: delegated.group) { scene in
            try scene.jobs.push(Jobs.payload("Hide", "a"))
            eventually(within: 30, "it hid a process") { sleepers(scene).count == 1 }
            let hidden = sleepers(scene)
            for worker in scene.daemon.workers { kill(worker, SIGKILL) }
            eventually(within: 30, "the job is done by another worker") { scene.done == ["a"] }
            eventually(within: 5, "none is left of either run") { sleepers(scene).isEmpty }
            #expect(hidden.allSatisfy { ProcessEntry(pid: $0)?.isZombie ?? true })
            try scene.finish()
            #expect(try delegated.group.child("handlers").childNames == [])
        }
    }

    @Test("what a killed service left behind dies when it is started again")
    func killedService() throws {
        let delegated = try DelegatedCgroup()
        try Scene.run(Self.configuration, files: ["hide.sh": Self.hide], controlGroup: delegated.group) { scene in
            try scene.jobs.push(Jobs.payload("Hide", "a"))
            eventually(within: 30, "it hid a process") { sleepers(scene).count == 1 }
            let hidden = try #require(sleepers(scene).first)
            // Workers first, so that none of them can clean up.
            kill(scene.daemon.pid, SIGSTOP)
            for pid in scene.daemon.workers { kill(pid, SIGKILL) }
            scene.daemon.signal(.kill)
            #expect(scene.daemon.waitForExit() == .signaled(.kill, coreDumped: false))
            #expect(isAlive(hidden))
            scene.daemon.start()
            eventually(within: 5, "the hidden one is gone") { !isAlive(hidden) }
            eventually(within: 30, "the job is done") { scene.done == ["a"] }
            try scene.finish()
        }
    }

    private func isAlive(_ pid: Int32) -> Bool { ProcessEntry(pid: pid)?.isZombie == false }
}
