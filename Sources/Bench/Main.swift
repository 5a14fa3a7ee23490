import ArgumentParser

/// Measures Martlet on a Redis of its own.
@main
struct Main: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures Martlet, on a Redis of its own.",
        subcommands: [SpeedCommand.self, InsightCommand.self, ForkCommand.self], defaultSubcommand: SpeedCommand.self)
}
