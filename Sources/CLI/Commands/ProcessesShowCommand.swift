import ArgumentParser
import Queueing

/// `martlet processes show`: one process and its jobs.
struct ProcessesShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a worker process with the jobs it has.",
        discussion: "Its name may be cut short, or be HOST:PID: `martlet processes show web1:4711`.")

    @Argument(help: ArgumentHelp("The process.", valueName: "id")) var name: String
    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let settings = try options.loadForRedis()
        try RedisAccess.with(settings) { redis in
            let now = try RedisClock.now(redis)
            let roster = try ProcessRoster.read(redis)
            let process = try roster.processes(named: [name])[0]
            let jobs = try HeldJob.all(redis).filter { $0.identity == process.identity }.map(JobRow.init)
            let row = ProcessRow(process, roster)
            if json {
                var text = row.text
                text.add("jobs", list: jobs.map(\.text.bytes))
                Output.bytes(text.bytes + [0x0A])
                return
            }
            let place = JobPlace.reserved(identity: process.identity)
            let table = Output.table(JobRow.columns(place), jobs.map { $0.cells(place, now: now) })
            Output.line(row.page(now: now) + "\n\n" + (jobs.isEmpty ? "no jobs" : table))
        }
    }
}
