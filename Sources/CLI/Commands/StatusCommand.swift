import ArgumentParser
import Configuration
import Queueing

/// `martlet status`: queues, sets, processes, running jobs and what was done lately.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show queues, sets, processes, running jobs and recent classes.")

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let settings = try options.loadForRedis()
        let report = try RedisAccess.with(settings) { try StatusReport.read($0) }
        Output.line(json ? try StatusJSON(report).text() : StatusText.page(report))
    }
}
