import Foundation
import TestSupport
import Testing

@testable import Platform

@Suite("A program is executed only if nobody else could have exchanged it", .ownThread, .enabled(if: geteuid() == 0))
struct ProgramCheckTests {
    /// A directory of root's with a binary, a script and links; `daemon` (uid 1) is the stranger.
    private final class Place {
        let directory = TemporaryDirectory()
        var path: String { directory.path }

        init() throws {
            chmod(path, 0o755)
            try FileManager.default.createDirectory(atPath: "\(path)/bin", withIntermediateDirectories: false)
            #expect(Program.run(["/bin/cp", "/bin/sleep", "\(path)/bin/napper"]).code == 0)
            write("bin/script", "#!/bin/sh\necho \"$0\"\n")
            write("bin/snake", "#!/usr/bin/python3\nprint(__file__)\n")
            for file in ["bin", "bin/napper"] { set(file, 0o755) }
        }

        func write(_ name: String, _ text: String) {
            #expect(FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(text.utf8)))
            set(name, 0o755)
        }

        func set(_ name: String, _ mode: mode_t, owner: uid_t = 0, group: gid_t = 0) {
            #expect(lchown("\(path)/\(name)", owner, group) == 0)
            #expect(chmod("\(path)/\(name)", mode) == 0)
        }

        /// What is said of a file of it, with DIR for its path; "" if nothing.
        func objection(_ name: String, trusting others: [UInt32] = []) -> String {
            check(name, TrustedUsers(others)).objection()?.description.replacing(path, with: "DIR") ?? ""
        }

        func check(_ name: String, _ trusted: TrustedUsers = TrustedUsers([])) -> ProgramCheck {
            ProgramCheck(path: "\(path)/\(name)", searchPath: "\(path)/tools:/usr/bin:/bin", trusted: trusted)
        }
    }

    /// A child that another test is just starting may hold a new file open for writing until it executes.
    private func started<Result>(_ start: () throws -> Result) throws -> Result {
        let deadline = soon()
        while true {
            do {
                return try start()
            } catch let error as SpawnError where error.code == ETXTBSY && MonotonicTime.now() < deadline {
                usleep(1000)
            }
        }
    }

    @Test("what belongs to root in directories of root's is in order, below /tmp too, and so is what is not there")
    func inOrder() throws {
        let place = try Place()
        for name in ["bin/napper", "bin/script", "bin/snake", "bin/../bin/./script", "bin/missing"] {
            #expect(place.objection(name) == "")
        }
        for path in ["/bin/sh", "/usr/bin/env", "/usr/bin/python3"] {
            #expect(ProgramCheck(path: path, searchPath: "/bin", trusted: TrustedUsers([])).objection() == nil)
        }
    }

    @Test("a file or directory of another user is refused, with what to do, unless that user is trusted")
    func owners() throws {
        let place = try Place()
        place.set("bin/napper", 0o755, owner: 1)
        #expect(
            place.objection("bin/napper")
                == "DIR/bin/napper belongs to daemon, who could exchange the program; chown root DIR/bin/napper, "
                + "run the handler as that user, or write `trust: [daemon]`")
        #expect(place.objection("bin/napper", trusting: [1]) == "")
        place.set("bin/napper", 0o755)
        place.set("bin", 0o755, owner: 1)
        #expect(
            place.objection("bin/napper").hasPrefix(
                "the directory DIR/bin on the way to DIR/bin/napper belongs to daemon"))
        // A sticky directory keeps everybody from exchanging what is not theirs, but for its owner.
        place.set("bin", 0o1777, owner: 1)
        #expect(place.objection("bin/napper").contains("belongs to daemon"))
        #expect(place.check("bin/napper", .everybody).objection() == nil)
    }

    @Test("what everybody can write is refused; a sticky directory is not")
    func everybody() throws {
        let place = try Place()
        place.set("bin/napper", 0o757)
        #expect(
            place.objection("bin/napper")
                == "DIR/bin/napper can be written by everybody (mode 0757); chmod o-w DIR/bin/napper"
        )
        place.set("bin/napper", 0o755)
        place.set("bin", 0o777)
        #expect(place.objection("bin/napper").hasSuffix("can be written by everybody (mode 0777); chmod o-w DIR/bin"))
        place.set("bin", 0o1777)
        #expect(place.objection("bin/napper") == "")
    }

    @Test("a group may write if nobody is in it whom one would have to trust: root's, staff, one's own, an empty one")
    func groups() throws {
        let place = try Place()
        let daemon = try #require(try Credentials.group(named: "daemon"))
        let staff = try #require(try Credentials.group(named: "staff"))
        for group in [0, staff, 54_321] as [UInt32] {
            place.set("bin", 0o2775, group: group)
            place.set("bin/napper", 0o775, group: group)
            #expect(place.objection("bin/napper") == "", "group \(group)")
        }
        place.set("bin/napper", 0o775, group: daemon)
        #expect(
            place.objection("bin/napper")
                == "DIR/bin/napper can be written by its group, so by daemon (mode 0775); chmod g-w DIR/bin/napper, "
                + "or write `trust: [daemon]`")
        // The group of a user alone, as umask 002 goes with.
        #expect(place.objection("bin/napper", trusting: [1]) == "")
    }

    @Test("an access control list counts as it says, whatever the mode's bits look like")
    func accessLists() throws {
        let place = try Place()
        // Owner rwx, user daemon rwx, group r-x, mask rwx, others r-x.
        let script = """
            import os, struct, sys
            entries = [(1, 7, -1), (2, int(sys.argv[2]), 1), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
            list = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
            os.setxattr(sys.argv[1], "system.posix_acl_access", list)
            """
        let set = { (rights: Int) in
            Program.run(["/usr/bin/python3", "-c", script, "\(place.path)/bin/napper", "\(rights)"]).code == 0
        }
        // A file system without such lists has nothing to show.
        guard set(7) else { return }
        #expect(place.objection("bin/napper").contains("by its group, so by daemon"))
        #expect(set(5))
        #expect(place.objection("bin/napper") == "")
    }

    @Test("an owner without an account is nobody, unless numbers like that are lent to containers and services")
    func withoutAccount() throws {
        let place = try Place()
        place.set("bin/napper", 0o755, owner: 54_321)
        #expect(place.objection("bin/napper") == "")
        place.set("bin/napper", 0o755, owner: 165_536)
        #expect(place.objection("bin/napper").hasPrefix("DIR/bin/napper belongs to 165536, who could exchange"))
        #expect(place.objection("bin/napper", trusting: [165_536]) == "")
    }

    @Test("every link on the way counts, and where it leads")
    func links() throws {
        let place = try Place()
        #expect(symlink("bin", "\(place.path)/current") == 0)
        #expect(place.objection("current/napper") == "")
        #expect(lchown("\(place.path)/current", 1, 1) == 0)
        #expect(
            place.objection("current/napper").hasPrefix("the link DIR/current on the way to DIR/current/napper belongs")
        )
        #expect(lchown("\(place.path)/current", 0, 0) == 0)
        place.set("bin", 0o777)
        #expect(place.objection("current/napper").contains("the directory DIR/bin"))
        #expect(symlink("around", "\(place.path)/around") == 0)
        #expect(place.objection("around") == "")
    }

    @Test("of a script the interpreter is looked at as well, also one that env finds")
    func interpreters() throws {
        let place = try Place()
        try FileManager.default.createDirectory(atPath: "\(place.path)/tools", withIntermediateDirectories: false)
        #expect(Program.run(["/bin/cp", "/bin/sh", "\(place.path)/tools/mysh"]).code == 0)
        place.set("tools", 0o755)
        place.set("tools/mysh", 0o755)
        place.write("direct", "#!\(place.path)/tools/mysh -e\necho\n")
        place.write("found", "#!/usr/bin/env -S mysh -e\necho\n")
        #expect(place.objection("direct") == "")
        place.set("tools/mysh", 0o777)
        for name in ["direct", "found"] {
            #expect(place.objection(name).hasPrefix("DIR/tools/mysh can be written by everybody"), "\(name)")
        }
    }

    @Test("what env looks for in earlier directories of PATH nobody may put there, be they there or not")
    func searched() throws {
        let place = try Place()
        try FileManager.default.createDirectory(atPath: "\(place.path)/tools", withIntermediateDirectories: false)
        place.write("found", "#!/usr/bin/env python3\n")
        func objection(_ searchPath: String) -> String {
            ProgramCheck(path: "\(place.path)/found", searchPath: searchPath, trusted: TrustedUsers([])).objection()?
                .description.replacing(place.path, with: "DIR") ?? ""
        }
        let path = "\(place.path)/tools:/usr/bin"
        #expect(objection(path) == "")
        for mode in [0o777, 0o1777] as [mode_t] {
            place.set("tools", mode)
            #expect(
                objection(path).hasPrefix(
                    "the directory DIR/tools on the way to DIR/tools/python3, for which env looks first, can be written"
                ))
        }
        // After what is found nobody looks.
        #expect(objection("/usr/bin:\(place.path)/tools") == "")
        // Who may make the directory may put it there too.
        #expect(objection("\(place.path)/tools/later/bin:/usr/bin").hasPrefix("the directory DIR/tools on the way"))
        place.set("tools", 0o755)
        #expect(objection("\(place.path)/tools/later/bin:/usr/bin") == "")
        // What root puts there later is looked at as well.
        let check = ProgramCheck(path: "\(place.path)/found", searchPath: path, trusted: TrustedUsers([]))
        _ = try check.open()
        place.write("tools/python3", "#!/bin/sh\n")
        _ = try check.open()
        place.set("tools/python3", 0o777)
        #expect(throws: SpawnError.self) { _ = try check.open() }
    }

    @Test("what is not there when it is looked at is not executed, and what is there of the way counts")
    func missing() throws {
        let place = try Place()
        place.write("orphan", "#!\(place.path)/tools/none\n")
        for (name, step) in [("bin/missing", .execute), ("orphan", .interpreter)] as [(String, SpawnError.Step)] {
            let error = #expect(throws: SpawnError.self) { _ = try place.check(name).open() }
            #expect(error?.step == step)
            #expect(error?.code == ENOENT)
        }
        place.set("bin", 0o777)
        #expect(
            place.objection("bin/missing").hasPrefix(
                "the directory DIR/bin on the way to DIR/bin/missing can be written by everybody"))
    }

    @Test(
        "what was in order and is changed afterwards is refused at the next start, and started again when it is mended")
    func changes() throws {
        let place = try Place()
        let check = place.check("bin/script")
        func run() throws -> Platform.ExitStatus? {
            var spec = ProcessSpec(executable: check.path, arguments: ["script"])
            spec.check = check
            return try started { try spec.spawn() }.wait(until: soon())?.status
        }
        #expect(try run() == .exited(0))
        place.set("bin", 0o777)
        let refusal = #expect(throws: SpawnError.self) { try run() }
        #expect(refusal?.step == .trust)
        #expect(
            refusal?.description.hasPrefix("\(check.path) is refused: the directory \(place.path)/bin on the way")
                == true)
        place.set("bin", 0o755)
        #expect(try run() == .exited(0))
        // Another interpreter in the same file.
        place.write("bin/script", "#!/bin/false\n")
        #expect(try run() == .exited(1))
    }

    @Test("it bears its name, and a script knows its path, as if it had been started by that")
    func names() throws {
        let place = try Place()
        let check = place.check("bin/napper")
        var spec = ProcessSpec(executable: check.path, arguments: ["other", "100"])
        spec.check = check
        let child = try started { try spec.spawn() }
        defer { end(child) }
        // The kernel lets a parent by vfork(2) go on a moment before the child has its name.
        try eventually("it has its name") { Program.text(of: "/proc/\(child.pid)/comm") == "napper\n" }
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(child.pid)/exe") == check.path)
        for name in ["bin/script", "bin/snake"] {
            let check = place.check(name)
            let text = try started {
                try output(of: "") {
                    $0.executable = check.path
                    $0.arguments = ["script"]
                    $0.check = check
                }
            }
            #expect(text == "\(check.path)\n")
        }
    }

    @Test("a check leaves no descriptor in the child")
    func descriptors() throws {
        let check = ProgramCheck(path: "/bin/ls", searchPath: "/bin", trusted: TrustedUsers([]))
        let text = try output(of: "") {
            $0.executable = check.path
            $0.arguments = ["ls", "/proc/self/fd"]
            $0.check = check
        }
        // The last one is its own, of the directory.
        #expect(text == "0\n1\n2\n3\n")
    }

    @Test("another user executes nothing that it cannot reach by the path")
    func reach() throws {
        let place = try Place()
        place.set("bin", 0o700)
        let nobody = try #require(try Credentials.named("nobody"))
        var spec = ProcessSpec(executable: "\(place.path)/bin/napper", arguments: ["napper", "0"])
        spec.check = place.check("bin/napper")
        #expect(try started { try spec.spawn() }.wait(until: soon())?.status == .exited(0))
        spec.credentials = nobody
        let error = #expect(throws: SpawnError.self) { try spec.spawn() }
        #expect(error?.step == .execute)
        #expect(error?.code == EACCES)
    }

    @Test("looking costs less than a tenth of a start")
    func cost() throws {
        let check = ProgramCheck(path: "/usr/bin/true", searchPath: "/bin", trusted: TrustedUsers([]))
        _ = try check.open()
        func median(_ body: () throws -> Void) rethrows -> Double {
            var seconds: [Double] = []
            for _ in 0..<200 {
                let start = MonotonicTime.now()
                try body()
                seconds.append(MonotonicTime.now().seconds(since: start))
            }
            return seconds.sorted()[100]
        }
        let look = try median { _ = try check.open() }
        let start = try median {
            _ = try ProcessSpec(executable: "/usr/bin/true", arguments: ["true"]).spawn().wait(until: soon())
        }
        print("a look takes \(Int(look * 1e6)) us, a start to its end \(Int(start * 1e6)) us")
        #expect(look < start / 10)
    }
}
