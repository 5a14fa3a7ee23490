import Foundation
import Testing

@testable import Configuration

@Suite("What handlers name on this machine is proved before anything starts")
struct HandlerProofTests {
    /// A directory of its own with a program, a file nobody may execute, and scripts; removed with the value.
    private final class Files {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appending(path: "martlet-proof-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try write("program", "#!/bin/sh\nexit 0\n", mode: 0o755)
            try write("plain", "text", mode: 0o644)
            try write("windows", "#!/bin/sh\r\nexit 0\r\n", mode: 0o755)
            try write("orphan", "#! /usr/bin/no-such-python\n", mode: 0o755)
        }

        private func write(_ name: String, _ text: String, mode: Int) throws {
            let file = "\(path)/\(name)"
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        }

        deinit {
            // Nothing depends on it being gone, and a deinit has nobody to tell.
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    private func problems(_ text: String, in files: Files, effectiveUser: UInt32 = 0) throws -> [String] {
        let path = "\(files.path)/martlet.yml"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        let loaded = try ConfigurationReader.load(path: path, environment: [:]).get()
        return HandlerProof.problems(in: loaded.settings, places: loaded.places, effectiveUser: effectiveUser)
            .map { $0.description.replacing(files.path, with: "DIR") }
    }

    @Test("programs, directories and users that are there raise no problem")
    func allWell() throws {
        let text = """
            handlers:
              a: { command: [./program], classes: [A], directory: ., user: root }
              b: { command: [sh, -c, exit 0], classes: [B], directory: /tmp }
            """
        #expect(try problems(text, in: Files()) == [])
    }

    @Test("what is missing or unusable is named with its place")
    func mistakes() throws {
        let text = """
            handlers:
              missing:
                command: [./missing]
                classes: [A]
                directory: nowhere
                user: no-such-user-here
              nowhere: { command: [no-such-program-here], classes: [B] }
              plain: { command: [./plain], classes: [C] }
              folder: { command: [/tmp], classes: [D], directory: ./plain }
              windows: { command: [./windows], classes: [E] }
              orphan: { command: [./orphan], classes: [F] }
              home: { command: [~/bin/x], classes: [G] }
              device: { command: [/dev/null], classes: [H] }
            """
        let found = try problems(text, in: Files())
        #expect(
            found == [
                "DIR/martlet.yml:3:15: `handlers.missing.command` names `DIR/missing`: No such file or directory",
                "DIR/martlet.yml:5:16: `handlers.missing.directory` names `DIR/nowhere`: No such file or directory",
                "DIR/martlet.yml:6:11: `handlers.missing.user` names `no-such-user-here`, who does not exist",
                "DIR/martlet.yml:7:24: `handlers.nowhere.command` names `no-such-program-here`, which is in no directory of "
                    + ExecutableSearch.path,
                "DIR/martlet.yml:8:22: `handlers.plain.command` names `DIR/plain`, which is not executable; try chmod +x",
                "DIR/martlet.yml:9:23: `handlers.folder.command` names `/tmp`, which is a directory",
                "DIR/martlet.yml:9:55: `handlers.folder.directory` names `DIR/plain`, which is not a directory",
                "DIR/martlet.yml:10:24: `handlers.windows.command` names `DIR/windows`, whose first line ends with a carriage "
                    + "return; save it with Unix line ends",
                "DIR/martlet.yml:11:23: `handlers.orphan.command` names `DIR/orphan`, whose interpreter "
                    + "`/usr/bin/no-such-python` cannot be executed: No such file or directory",
                "DIR/martlet.yml:12:21: `handlers.home.command` names `DIR/~/bin/x`: No such file or directory; `~` is not "
                    + "expanded, write the whole path",
                "DIR/martlet.yml:13:23: `handlers.device.command` names `/dev/null`, which is not a regular file",
            ])
    }

    @Test(
        "a program that somebody else could exchange is refused, unless the file trusts them",
        .enabled(if: geteuid() == 0))
    func exchangeable() throws {
        let files = try Files()
        chown("\(files.path)/program", 1, 1)
        let text = """
            handlers:
              a: { command: [./program], classes: [A] }
              b: { command: [./program], classes: [B], trust: [no-such-user-here, daemon] }
              c: { command: [./program], classes: [C], trust: ["*"] }
              d: { command: [./program], classes: [D], user: daemon }
            """
        #expect(
            try problems(text, in: files) == [
                "DIR/martlet.yml:2:18: `handlers.a.command` names `DIR/program`, which is refused: DIR/program belongs to "
                    + "daemon, who could exchange the program; chown root DIR/program, run the handler as that user, or write "
                    + "`trust: [daemon]`"
            ])
        // Whoever wrote the file says what is executed anyway.
        chown("\(files.path)/martlet.yml", 1, 1)
        #expect(try problems(text, in: files) == [])
    }

    @Test("groups, and priorities before ours, need a right")
    func rights() throws {
        let text = """
            handlers:
              a: { command: [sh], classes: [A], group: root, nice: -20 }
              b: { command: [sh], classes: [B], group: no-such-group-here }
            """
        let unknown = "DIR/martlet.yml:3:44: `handlers.b.group` names `no-such-group-here`, who does not exist"
        #expect(try problems(text, in: Files(), effectiveUser: 0) == [unknown])
    }

    @Test("only root can become another user; anyone can stay who they are")
    func users() throws {
        let text = "handlers:\n  a: { command: [sh], classes: [A], user: root }\n"
        #expect(try problems(text, in: Files(), effectiveUser: 0) == [])
        let refused = try problems(text, in: Files(), effectiveUser: 12_345)
        #expect(
            refused == [
                "DIR/martlet.yml:2:43: `handlers.a.user` names `root`, but only root can become another user; start Martlet as "
                    + "root or remove it"
            ])
    }

    @Test("without places a problem still names the file")
    func noPlaces() {
        let handler = HandlerSettings(
            name: "a", command: ["/no/such"], executable: "/no/such", classes: [ClassPattern("A")], directory: "/")
        let settings = Settings(file: "/etc/m.yml", directory: "/etc", queues: [], handlers: [handler])
        #expect(
            HandlerProof.problems(in: settings).map(\.description)
                == ["/etc/m.yml: `handlers.a.command` names `/no/such`: No such file or directory"])
    }
}
