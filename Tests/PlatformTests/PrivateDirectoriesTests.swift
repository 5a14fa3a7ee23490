import Foundation
import TestSupport
import Testing

@testable import Platform

@Suite("A process's own directory for temporary files", .ownThread)
struct PrivateDirectoriesTests {
    private let base = TemporaryDirectory()

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: base.path) }

    /// A shell with such a directory, which says where it is and does something there.
    private func said(_ script: String, _ directories: PrivateDirectories, as user: Credentials? = nil) throws -> String
    {
        let out = try FileDescriptor.pipe()
        let child = try shell("cd \"$TMPDIR\" && \(script)") { spec in
            spec.descriptors = [(1, out.write.raw), (2, 2)]
            spec.environment += ["TMPDIR=/nowhere", "TEMPO=slow"]
            spec.privateDirectories = directories
            spec.credentials = user
        }
        #expect(child.wait(until: soon())?.status == .exited(0))
        child.privateDirectory?.giveUp()
        return try text(of: out)
    }

    @Test("is its alone, named in three variables, and removed with all in it; what it links to stays")
    func life() throws {
        try #require(chmod(base.path, 0o755) == 0)
        let kept = base.path + "/kept"
        #expect(FileManager.default.createFile(atPath: kept, contents: Data("kept".utf8)))
        let directories = PrivateDirectories(in: base.path)
        let nobody = geteuid() == 0 ? try Credentials.named("nobody") : nil
        let text = try said(
            """
            pwd; echo "$TMP $TEMP $TEMPO"; stat -c '%a %U' .; ln -s \(base.path) link; ln -s \(kept) file; mkdir -p a/b/c
            echo text > a/b/c/d; mkdir shut; echo x > shut/x; chmod 0 shut; mkfifo pipe; touch -- '-rf *'
            """, directories, as: nobody)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("\(base.path)/martlet-tmp-"))
        #expect(lines[1] == "\(lines[0]) \(lines[0]) slow")
        #expect(lines[2] == "700 \((nobody ?? Credentials.current()).user)")
        eventually(within: 20, "it is gone") { access(lines[0], F_OK) != 0 }
        #expect(Program.text(of: kept) == "kept")
        directories.close(by: soon())
        #expect(try names() == ["kept"])
    }

    @Test("no two have the same, and none sees what is in another's", .enabled(if: geteuid() == 0))
    func apart() throws {
        try #require(chmod(base.path, 0o755) == 0)
        let directories = PrivateDirectories(in: base.path)
        let (first, second) = (
            try directories.make(for: try Credentials.named("nobody")), try directories.make(for: nil)
        )
        #expect(first.path != second.path)
        let look = try output(of: "ls \(second.path) \(base.path)/martlet-tmp-* 2>/dev/null; echo end") {
            $0.credentials = try? Credentials.named("nobody")
        }
        #expect(look == "end\n")
        directories.close(by: soon())
    }

    @Test("a depth that no path could name is removed too")
    func deep() throws {
        let directories = PrivateDirectories(in: base.path)
        let script = """
            exec python3 -c '
            import os
            for _ in range(3000):
                os.mkdir("deep")
                os.chdir("deep")
            open("file", "w")'
            """
        _ = try said(script, directories)
        directories.close(by: soon())
        #expect(try names() == [])
    }

    @Test("what a killed process left is removed by the next; what another one holds, or another user made, stays")
    func left() throws {
        let held = PrivateDirectories(in: base.path)
        let directory = try held.make(for: nil)
        // Each gets its name when it is what it shall be: the first one's look at what is left goes on meanwhile.
        for name in ["martlet-tmp-killed", "martlet-tmp-strange", "martlet-other"] {
            let made = "\(base.path)/new"
            try FileManager.default.createDirectory(atPath: "\(made)/1/deep", withIntermediateDirectories: true)
            if name.hasSuffix("strange"), geteuid() == 0 { #expect(chown(made, 1, 1) == 0) }
            #expect(rename(made, "\(base.path)/\(name)") == 0)
        }
        #expect(symlink(base.path + "/martlet-other", base.path + "/martlet-tmp-link") == 0)
        let next = PrivateDirectories(in: base.path)
        eventually(within: 20, "what was left is gone") { access(base.path + "/martlet-tmp-killed", F_OK) != 0 }
        next.close(by: soon())
        #expect(access(directory.path, F_OK) == 0)
        #expect(access(base.path + "/martlet-other/1/deep", F_OK) == 0)
        if geteuid() == 0 { #expect(access(base.path + "/martlet-tmp-strange/1", F_OK) == 0) }
        held.close(by: soon())
    }

    @Test(
        "what is mounted in it is left with all that is in it, be it of the same file system, and that is said once",
        .enabled(if: geteuid() == 0))
    func mounted() throws {
        let precious = base.path + "/precious"
        try FileManager.default.createDirectory(atPath: precious, withIntermediateDirectories: false)
        #expect(FileManager.default.createFile(atPath: precious + "/file", contents: Data("kept".utf8)))
        let words = Monitor<[String]>([])
        let directories = PrivateDirectories(in: base.path) { word in words.withLock { $0.append(word) } }
        let directory = try directories.make(for: nil)
        let mount = directory.path + "/a/m"
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: mount + "/under", contents: nil))
        #expect(FileManager.default.createFile(atPath: directory.path + "/gone", contents: nil))
        // A container may not be allowed to.
        guard Program.run(["/bin/mount", "--bind", precious, mount]).code == 0 else { return }
        directory.giveUp()
        directories.close(by: soon())
        // The next start does not either.
        PrivateDirectories(in: base.path).close(by: soon())
        #expect(Program.text(of: precious + "/file") == "kept")
        #expect(access(directory.path + "/gone", F_OK) != 0)
        #expect(Program.run(["/bin/umount", mount]).code == 0)
        #expect(Program.text(of: precious + "/file") == "kept")
        #expect(words.withLock { $0 } == ["left of the directory \(directory.path): something is mounted at m"])
        PrivateDirectories(in: base.path).close(by: soon())
        #expect(try names() == ["precious"])
    }

    @Test("what others left is looked for once, not at each end of a process")
    func once() throws {
        let directories = PrivateDirectories(in: base.path)
        let first = try directories.make(for: nil)
        first.giveUp()
        eventually(within: 20, "it is gone") { access(first.path, F_OK) != 0 }
        let late = base.path + "/martlet-tmp-late"
        try FileManager.default.createDirectory(atPath: late, withIntermediateDirectories: false)
        for _ in 0..<3 {
            let directory = try directories.make(for: nil)
            directory.giveUp()
            eventually(within: 20, "it is gone") { access(directory.path, F_OK) != 0 }
        }
        directories.close(by: soon())
        #expect(try names() == ["martlet-tmp-late"])
    }

    @Test("one with many thousand files is removed too")
    func many() throws {
        let directories = PrivateDirectories(in: base.path)
        _ = try said("mkdir d; cd d; seq 5000 | xargs touch", directories)
        directories.close(by: soon())
        #expect(try names() == [])
    }

    @Test("a program that could not be started leaves none")
    func unstarted() throws {
        let directories = PrivateDirectories(in: base.path)
        #expect(throws: SpawnError.self) {
            try shell("true") {
                $0.executable = "/no/such/program"
                $0.privateDirectories = directories
            }
        }
        directories.close(by: soon())
        #expect(try names() == [])
        let nowhere = PrivateDirectories(in: base.path + "/nowhere")
        let error = #expect(throws: SpawnError.self) { try shell("true") { $0.privateDirectories = nowhere } }
        #expect(error?.step == .privateDirectory)
    }
}
