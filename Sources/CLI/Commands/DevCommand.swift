import ArgumentParser
import Configuration

/// `martlet dev`: `run` for whoever writes a handler.
struct DevCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Run as `run` does, and replace handlers when their files change.",
        discussion: """
            As `martlet run` with `watch: true` for every handler and the log as text; ended with control-C.
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var flags: RunFlags

    func run() throws {
        try Service(options: options, flags: flags.overrides(format: "text")) { settings in
            for index in settings.handlers.indices { settings.handlers[index].watch = true }
        }.run()
    }
}
