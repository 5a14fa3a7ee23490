import ArgumentParser
import Queueing

/// `martlet processes list`: all that have a record.
struct ProcessesListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List worker processes of all hosts, Sidekiq's own among them.",
        discussion: "`martlet processes --json | jq -r '.processes[] | select(.quiet) | .identity'`")

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let settings = try options.loadForRedis()
        let (now, roster) = try RedisAccess.with(settings) { (try RedisClock.now($0), try ProcessRoster.read($0)) }
        if json {
            var lines = ObjectLines("processes")
            for process in roster.processes { lines.add(ProcessRow(process, roster).text) }
            lines.finish()
        } else if roster.processes.isEmpty {
            Output.line("no processes: `martlet run` starts them")
        } else {
            Output.line(
                Output.table(ProcessRow.columns, roster.processes.map { ProcessRow($0, roster).cells(now: now) }))
        }
    }
}
