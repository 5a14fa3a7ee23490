import ArgumentParser

/// `martlet new`: writes a handler to begin with.
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a working handler for a job class, the kit beside it, and its configuration.",
        discussion: """
            Writes three files into the current directory and prints the commands to go on with. Nothing is written over: if \
            one of the files is there, none is written and the exit status is 73; a kit that is there and the same is kept.
            """)

    @Argument(help: ArgumentHelp("python, ruby, node or shell.", valueName: "language")) var language: StarterLanguage
    @Argument(help: ArgumentHelp("The class of the jobs, such as ReportJob or Reports::Daily.", valueName: "class"))
    var name: String

    func validate() throws { _ = try starter() }

    private func starter() throws -> Starter {
        do throws(StarterNameMistake) {
            return Starter(name: try StarterName(name, in: language), language: language)
        } catch {
            throw ValidationError("'\(name)' \(error.text)")
        }
    }

    func run() throws {
        let starter = try starter()
        do throws(NewFiles.Obstacle) {
            let written = try NewFiles.write(starter.files, in: ".")
            for name in written { Output.line("wrote  \(name)") }
            for file in starter.files where !written.contains(file.name) {
                Output.line("kept   \(file.name), which is the same already")
            }
        } catch {
            switch error {
            case .present(let names):
                let verb = names.count == 1 ? "is" : "are"
                Output.error("martlet: \(names.joined(separator: ", ")) \(verb) there already; nothing was written")
            case .system(let error): Output.error("martlet: \(error); nothing was left")
            }
            throw Exit.cannotCreate
        }
        Output.line("\nNow:")
        for command in starter.commands { Output.line("  \(command)") }
    }
}
