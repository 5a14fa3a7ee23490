import Foundation
import Platform
import TestSupport
import Testing

@Suite("A handler that cannot be started")
struct StartFailureTests {
    /// What is wrong with each, and what the error says of it.
    static let faults = [
        ("NotExecutable", "Permission denied"), ("Missing", "No such file or directory"),
        ("NoInterpreter", "cannot find the interpreter of"), ("NoFormat", "Exec format error"),
        ("Busy", "Text file busy"), ("LongArguments", "Argument list too long"),
        ("NoDirectory", "cannot change to the directory"), ("Exchangeable", "can be written by everybody (mode 0777)"),
    ]

    private static func program(_ name: String) -> String { "\(name.lowercased()).sh" }

    @Test(
        "fails its job with an error that says why, once a job, and does it again when it can be",
        arguments: ["spawn", "serve"])
    func errors(mode: String) throws {
        let well = Program.text(of: EvilProgram.path("take.sh")) + "succeed\n"
        let files = Dictionary(
            uniqueKeysWithValues: Self.faults.map { (Self.program($0.0), "#!/bin/sh\n" + well) })
        let handlers = Self.faults.map { name, _ in
            let more = name == "LongArguments" ? ", \"\(String(repeating: "x", count: 200_000))\"" : ""
            let directory = name == "NoDirectory" ? ", directory: ./gone" : ""
            return
                "  \(name): { command: [./\(Self.program(name))\(more)], classes: [\(name)], mode: \(mode)\(directory) }"
        }
        let scene = try Scene(
            "concurrency: 8\nhandlers:\n" + handlers.joined(separator: "\n"), files: files)
        defer {
            scene.daemon.end()
            scene.server.stop()
        }
        let path = { scene.daemon.path(Self.program($0)) }
        #expect(mkdir(scene.daemon.path("gone"), 0o755) == 0)
        scene.daemon.start()
        try #require(scene.daemon.isRunning, "\(scene.daemon.log.suffix(2000))")

        chmod(path("NotExecutable"), 0o644)
        unlink(path("Missing"))
        scene.daemon.write("#!/no/such/interpreter\n", to: Self.program("NoInterpreter"))
        _ = FileManager.default.createFile(
            atPath: path("NoFormat"), contents: Data([0x7F, 0x45, 0x4C, 0x46, 0, 1, 2, 3]))
        chmod(path("NoFormat"), 0o755)
        rmdir(scene.daemon.path("gone"))
        chmod(path("Exchangeable"), 0o777)
        var writer: FileDescriptor? = try FileDescriptor.open(path("Busy"), O_WRONLY | O_CLOEXEC)
        for (name, _) in Self.faults { try scene.jobs.push(Jobs.payload(name, name)) }
        try eventually(within: 60, "all wait for retry") {
            try scene.jobs.members(of: "retry").count == Self.faults.count
        }
        for (name, message) in Self.faults {
            let object = try scene.jobs.object(name, in: "retry") ?? [:]
            #expect(object["error_class"] as? String == "StartFailed", "\(name)")
            let text = object["error_message"] as? String ?? ""
            #expect(text.contains(message), "\(name): \(text)")
            #expect(object["retry_count"] as? Int == 0, "\(name)")
            let lines = scene.daemon.lines(of: "log").count {
                $0.contains("jid=\(name) ") && $0.contains("StartFailed")
            }
            #expect(lines == 1, "\(name) is tried once: what follows is a retry")
        }

        chmod(path("NotExecutable"), 0o755)
        chmod(path("Exchangeable"), 0o755)
        writer = nil
        _ = consume writer
        for name in ["Missing", "NoInterpreter", "NoFormat"] {
            unlink(path(name))
            scene.daemon.write("#!/bin/sh\n" + well, to: Self.program(name))
        }
        mkdir(scene.daemon.path("gone"), 0o755)
        try scene.jobs.makeDue("retry")
        try eventually(within: 60, "all that was put right is done") {
            try scene.jobs.members(of: "retry").count == 1
                && scene.jobs.number("stat:processed") == 2 * Self.faults.count
        }
        try scene.finish(leaving: ["retry"])
    }

    @Test("without a descriptor left in the worker, or a process left to the user, the error says so")
    func limits() throws {
        let isRoot = geteuid() == 0
        try Scene.run(
            """
            concurrency: 2
            handlers:
              good: { command: [/bin/true], classes: [Good], directory: /\(isRoot ? ", user: nobody" : "") }
              served: { command: [./serve.py], classes: [Work], mode: serve }
            """
        ) { scene in
            let worker = try #require(scene.daemon.workers.first)
            func limit(_ what: String) {
                let result = Program.run(["/usr/bin/prlimit", "--pid", "\(worker)", what])
                #expect(result.code == 0, "\(result.errors)")
            }
            let message = { jid in try scene.jobs.object(jid, in: "retry")?["error_message"] as? String ?? "" }
            try scene.jobs.push(Jobs.payload("Good", "first"))
            try eventually(within: 30, "it works") { try scene.jobs.number("stat:processed") == 1 }

            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker)/fd").count
            limit("--nofile=\(open + 3):")
            try scene.jobs.push(Jobs.payload("Good", "spawned"), Jobs.payload("Work", "served"))
            try eventually(within: 30, "both wait for retry") { try scene.jobs.members(of: "retry").count == 2 }
            for jid in ["spawned", "served"] { #expect(try message(jid).contains("Too many open files"), "\(jid)") }
            limit("--nofile=1000:")

            if isRoot {
                // The limit is looked at when a process becomes that user, who must have one already.
                var other = ProcessSpec(executable: "/bin/sleep", arguments: ["sleep", "3600"], directory: "/")
                other.credentials = try Credentials.named("nobody")
                let process = try other.spawn()
                defer {
                    process.signal(.kill)
                    _ = process.wait(until: .now().advanced(bySeconds: 10))
                }
                limit("--nproc=0:")
                try scene.jobs.push(Jobs.payload("Good", "many"))
                try eventually(within: 30, "it waits for retry") { try scene.jobs.object("many", in: "retry") != nil }
                #expect(try message("many").contains("Resource temporarily unavailable"))
                limit("--nproc=1000:")
            }
            try scene.jobs.makeDue("retry")
            try eventually(within: 60, "they are done when there is room again") {
                // In the order in which jobs go on, so that none is between two looks.
                try scene.jobs.members(of: "retry").isEmpty && scene.jobs.queue().isEmpty
                    && scene.jobs.reserved() == 0
            }
            #expect(scene.daemon.workers == [worker])
            try scene.finish()
        }
    }
}
