import Configuration
import Foundation
import Testing

@Suite("The tree is as docs/ARCHITECTURE.md says")
struct TidyTests {
    @Test("a module imports only from rows beneath it")
    func imports() {
        let log = ["Logging"]
        let allowed: [String: Set<String>] = [
            "JobModel": [],
            "Insight": [],
            "Platform": Set(["CPosix", "CSystemd", "CZlib", "Glibc", "Synchronization"] + log),
            "Redis": ["CHiredis", "COpenSSL", "Platform", "Glibc"],
            "Queueing": ["Insight", "JobModel", "Redis", "Glibc"],
            "Configuration": ["Yams", "JobModel", "Platform", "Foundation", "Glibc"],
            "Handlers": Set(["Insight", "Configuration", "JobModel", "Platform", "Glibc"] + log),
            "Worker": Set(
                ["Insight", "Handlers", "Queueing", "Redis", "Configuration", "JobModel", "Platform", "Glibc"] + log),
            "Scheduler": Set(["Insight", "Queueing", "Redis", "Configuration", "JobModel", "Platform", "Glibc"] + log),
            "Supervisor": Set(["Platform", "Glibc"] + log),
            "CLI": Set(
                [
                    "Supervisor", "Worker", "Scheduler", "Handlers", "Queueing", "Redis", "Configuration", "Insight",
                    "JobModel",
                    "Platform", "CKits", "ArgumentParser", "Foundation", "Glibc",
                ] + log),
            "Bench": ["Platform", "Redis", "ArgumentParser", "Foundation", "Glibc"],
            "MartletKit": ["Foundation", "Glibc", "Synchronization"],
        ]
        for file in Tree.files(in: "Sources", ".swift") {
            guard let mayImport = allowed[file.module] else {
                Issue.record("\(file.path): \(file.module) is not in the table of imports")
                continue
            }
            for line in file.lines {
                let words = Tree.code(line).split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index < 2, words.count > index + 1 else { continue }
                let module = String(words.last?.split(separator: ".").first ?? "")
                #expect(mayImport.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test("only Keys.swift spells a key of Redis")
    func keys() {
        // A space follows the colon in what commands say: "martlet: cannot …".
        let key = /["'](queue|stat|martlet):[^ ]/
        for file in Tree.files(in: "Sources", ".swift") where file.path != "Sources/Queueing/Keys.swift" {
            // They are outside, as any other client is.
            guard !["Bench", "MartletKit"].contains(file.module) else { continue }
            for (number, line) in file.lines.enumerated() {
                #expect(!Tree.code(line).contains(key), "\(file.path):\(number + 1) spells a key: \(line)")
            }
        }
        for file in Tree.files(in: "Sources", ".lua") {
            #expect(!file.text.contains(key), "\(file.path) spells a key; keys come in through KEYS")
        }
    }

    @Test("each script has its contract at its head and is named in Scripts.swift")
    func scripts() {
        let table = Tree.text("Sources/Queueing/Scripts.swift")
        let scripts = Tree.files(in: "Sources/Queueing/Scripts", ".lua")
        #expect(!scripts.isEmpty)
        for script in scripts {
            let head = script.lines.prefix { $0.hasPrefix("--") }.joined(separator: "\n")
            for word in ["KEYS", "ARGV", "Returns"] {
                #expect(head.contains("-- \(word) "), "\(script.path): no \(word)")
            }
            let name = script.path.split(separator: "/").last?.dropLast(4) ?? ""
            #expect(table.contains("name: \"\(name)\"") && table.contains("\(name)_lua"), "\(script.path)")
        }
    }

    @Test("no file of Sources is longer than 300 lines")
    func length() {
        for suffix in [".swift", ".lua", ".c", ".h"] {
            for file in Tree.files(in: "Sources", suffix) {
                let count = file.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
                #expect(count <= 300, "\(file.path) has \(count) lines")
            }
        }
    }

    @Test("the supervisor has no `async`, no task and no dispatch queue")
    func supervisorThread() {
        for file in Tree.files(in: "Sources/Supervisor", ".swift") {
            for line in file.lines.map(Tree.code) {
                for word in ["async", "await", "Task", "Dispatch", "OSThread"] {
                    let words = line.split { !$0.isLetter && $0 != "_" }
                    #expect(!words.contains(Substring(word)), "\(file.path): \(line)")
                }
            }
        }
    }

    @Test("no `try!`, and no `public` but in the kit, which others import")
    func habits() {
        for file in Tree.files(in: "Sources", ".swift") {
            let isKit = file.module == "MartletKit"
            for (number, line) in file.lines.enumerated() {
                let code = Tree.code(line)
                #expect(!code.contains("try!"), "\(file.path):\(number + 1)")
                #expect(
                    isKit || (!code.hasPrefix("public ") && !code.contains(" public ")), "\(file.path):\(number + 1)")
            }
        }
    }

    @Test("the top level holds what it may hold, and no more")
    func topLevel() {
        let allowed: Set<String> = [
            "Package.swift", "Sources", "Tests", "config", "systemd", "docs", "Makefile", "README.md", "LICENSE", ".ci",
            ".gitignore", ".git", ".build", "Package.resolved", ".swiftpm",
        ]
        let surplus = Tree.entries(of: "").filter { !allowed.contains($0) }
        #expect(surplus.isEmpty, "\(surplus)")
        for name in ["Package.swift", "README.md", "LICENSE", "Makefile"] {
            #expect(!Tree.text(name).isEmpty, "\(name)")
        }
    }

    @Test("every key of the configuration is in its reference, which is what the code prints")
    func configurationReference() {
        let page = Tree.text("docs/reference/configuration.md")
        for key in Schema.keys { #expect(page.contains("`\(key.path)`"), "\(key.path)") }
        #expect(page == Schema.referencePage(), "run `make docs`")
    }

    @Test("every key of the configuration is in the sample")
    func configurationSample() {
        let sample = Tree.text("config/martlet.yml")
        for key in Schema.keys { #expect(sample.contains("\(key.name):"), "\(key.path)") }
    }

    @Test("every signal is in its reference")
    func signals() {
        let page = Tree.text("docs/reference/signals.md")
        for name in ["SIGTERM", "SIGINT", "SIGUSR1", "SIGTSTP", "SIGHUP", "SIGTTIN"] {
            #expect(page.contains(name), "\(name)")
        }
    }

    @Test("every command and every exit status is in its reference")
    func commands() throws {
        let cli = Tree.text("docs/reference/cli.md")
        for file in Tree.files(in: "Sources/CLI/Commands", ".swift") {
            for line in file.lines where line.contains("commandName: \"") {
                let name = line.split(separator: "commandName: \"").last?.split(separator: "\"").first ?? ""
                // Those that `martlet run` starts are not for people.
                guard !["worker", "scheduler"].contains(name) else { continue }
                // One of a group has a file that begins with that.
                let group = ["Jobs", "Queues", "Processes"].first {
                    file.path.contains("/\($0)") && !file.path.contains("/\($0)Command")
                }
                let words = group.map { "martlet \($0.lowercased()) \(name)" } ?? "martlet \(name)"
                #expect(cli.contains(words), "\(words)")
            }
        }
        let statuses = Tree.text("docs/reference/exit-codes.md")
        for match in Tree.text("Sources/CLI/ExitStatus.swift").matches(of: /ExitCode\((\d+)\)/) {
            #expect(statuses.contains(match.1), "exit status \(match.1)")
        }
    }

    @Test("every key of Redis is in its reference")
    func redisKeys() {
        let page = Tree.text("docs/reference/redis-keys.md")
        for match in Tree.text("Sources/Queueing/Keys.swift").matches(of: /"(martlet:[a-z]+)/) {
            #expect(page.contains(match.1), "\(match.1)")
        }
    }

    @Test("every path that docs/ARCHITECTURE.md names exists")
    func architecturePaths() {
        for match in Tree.text("docs/ARCHITECTURE.md").matches(
            of: /`((?:Sources|Tests|docs|config|systemd)\/[A-Za-z0-9_+.\/-]+)`/)
        {
            let path = Tree.root.appendingPathComponent(String(match.1)).path
            #expect(FileManager.default.fileExists(atPath: path), "\(match.1)")
        }
    }

    @Test("every test that docs/explanation/delivery.md names is there, by its sentence")
    func claims() {
        let named = Tree.text("docs/explanation/delivery.md").matches(of: /`(Tests\/[A-Za-z0-9+.\/]+)`: "([^"]+)"/)
        #expect(!named.isEmpty)
        for match in named {
            #expect(Tree.text(String(match.1)).contains(match.2), "\(match.1) has no test \(match.2)")
        }
    }

    @Test("every test that docs/explanation/faults.md names is there, by its sentence")
    func faultTests() {
        let page = Tree.text("docs/explanation/faults.md")
        var count = 0
        for row in page.split(separator: "\n") where row.hasPrefix("|") {
            var file = ""
            // A sentence belongs to the file that was named last.
            for match in row.matches(of: /`(Tests\/[A-Za-z0-9\/]+\.swift)`|"([^"]+)"/) {
                if let path = match.1 {
                    file = Tree.text(String(path))
                    #expect(!file.isEmpty, "\(path)")
                } else if let sentence = match.2, !file.isEmpty {
                    #expect(file.contains("\"\(sentence)\""), "\(sentence)")
                    count += 1
                }
            }
        }
        #expect(count > 60, "the page was read")
    }
}
