import Foundation
import Platform
import TestSupport
import Testing

@Suite("martlet new")
struct NewTests {
    static let languages = [("python", "py"), ("ruby", "rb"), ("node", "mjs"), ("shell", "sh")]
    private let directory = TemporaryDirectory()

    private func martlet(_ arguments: String...) -> Program {
        let state = ["XDG_STATE_HOME=\(directory.path)/state"]
        return Program.run(
            [Program.martlet] + arguments, environment: Program.cleanEnvironment + state, directory: directory.path)
    }

    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).filter { $0 != "__pycache__" }
            .sorted()
    }

    @Test("what it writes works at once: the job is done by try, and check finds no mistake", arguments: languages)
    func works(language: String, suffix: String) throws {
        let new = martlet("new", language, "Reports::Daily")
        #expect(new.code == 0, "\(new.errors)")
        #expect(names == ["martlet.\(suffix)", "reports_daily_job.\(suffix)", "reports_daily_job.yml"])
        let commands = new.output.split(separator: "\n").filter { $0.hasPrefix("  martlet ") }.map {
            $0.split(separator: " ").dropFirst().map(String.init)
        }
        #expect(commands.map(\.first) == ["try", "check", "run"])
        let attempt = Program.run(
            [Program.martlet] + (try #require(commands.first)), directory: directory.path)
        #expect(attempt.code == 0, "\(attempt.output)\(attempt.errors)")
        #expect(attempt.output.contains("out   | Hello, Ada!\n") && attempt.output.contains("\ndone\n"))
        let check = martlet("check", "-C", "reports_daily_job.yml")
        #expect(check.code == 0, "\(check.errors)")
        #expect(check.output.contains("for Reports::Daily") && check.output.contains("redis embedded"))
        let served = try String(contentsOfFile: directory.path + "/reports_daily_job.yml", encoding: .utf8)
        // The same file in the other modes it can do.
        for mode in language == "python" || language == "ruby" ? ["spawn", "fork"] : ["spawn"] {
            let other = served.replacing("mode: serve", with: "mode: \(mode)")
            try other.write(toFile: directory.path + "/other.yml", atomically: false, encoding: .utf8)
            let again = martlet("try", "Reports::Daily", "Bob", "-C", "other.yml")
            #expect(again.code == 0 && again.output.contains("out   | Hello, Bob!\n"), "\(again.output)\(again.errors)")
            #expect(again.output.contains("by handler reports_daily_job (\(mode))"))
        }
    }

    @Test("run does what was pushed with the configuration as it was written")
    func runs() throws {
        let daemon = Daemon("", server: nil)
        defer { daemon.end() }
        let new = Program.run([Program.martlet, "new", "python", "ReportJob"], directory: daemon.directory.path)
        #expect(new.code == 0)
        daemon.write(daemon.text(of: "report_job.yml"), to: "martlet.yml")
        daemon.start()
        #expect(daemon.martlet(["push", "ReportJob", "Ada"]).code == 0)
        eventually(within: 30, "the job is done") {
            daemon.log.contains("Hello, Ada! class=ReportJob") && daemon.log.contains(" done class=ReportJob")
        }
        #expect(daemon.stop() == .exited(0))
        #expect(daemon.survivors.isEmpty)
    }

    @Test("nothing is written over, and then nothing is written at all; a kit that is the same is kept")
    func present() throws {
        let path = directory.path + "/report_job.yml"
        try "mine".write(toFile: path, atomically: false, encoding: .utf8)
        let refused = martlet("new", "python", "ReportJob")
        #expect(refused.code == 73)
        #expect(refused.errors == "martlet: report_job.yml is there already; nothing was written\n")
        #expect(names == ["report_job.yml"])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")

        // A link that leads nowhere would be written through.
        symlink("elsewhere", directory.path + "/other_job.py")
        #expect(martlet("new", "python", "OtherJob").code == 73)
        #expect(names == ["other_job.py", "report_job.yml"])

        #expect(martlet("new", "python", "ThirdJob").code == 0)
        let again = martlet("new", "python", "FourthJob")
        #expect(again.code == 0 && again.output.contains("kept   martlet.py, which is the same already\n"))
        try "# changed\n".write(toFile: directory.path + "/martlet.py", atomically: false, encoding: .utf8)
        let changed = martlet("new", "python", "FifthJob")
        #expect(changed.code == 73 && changed.errors.contains("martlet.py is there already"))
        #expect(!names.contains("fifth_job.py"))
    }

    @Test("a directory that cannot be written to is told, and nothing is left")
    func readOnly() {
        let new = Program.run([Program.martlet, "new", "shell", "ReportJob"], directory: "/proc/self")
        #expect(new.code == 73 && new.errors.contains("report_job.sh"), "\(new.errors)")
    }

    @Test(
        "a name that is none is refused",
        arguments: ["", "9Job", "A B", "../x", "A::", "::A", "A:B", "Jöb", "--help me", "A/B", "a{b}"])
    func names(name: String) {
        let new = martlet("new", "python", "--", name)
        #expect(new.code == 64 && new.errors.contains("is no name of a class"), "\(new.errors)")
        #expect(names.isEmpty)
    }

    @Test("names of files follow the name of the class, and hide no module of the language")
    func stems() {
        for (name, stem) in [
            ("HTTPServer2Job", "http_server2_job"), ("Json", "json_job"), ("A::B::CSum", "a_b_c_sum_job"),
            ("report", "report_job"), ("Job", "job"), ("snake_case", "snake_case_job"), ("Martlet", "martlet_job"),
        ] {
            #expect(martlet("new", "python", name).code == 0)
            #expect(names.contains("\(stem).py") && names.contains("\(stem).yml"), "\(name): \(names)")
        }
        #expect(martlet("new", "ruby", "A::small").errors.contains("must begin with a capital letter in ruby"))
        #expect(martlet("new", "shell", "echo").errors.contains("must begin with a capital letter in shell"))
    }
}
