import ArgumentParser
import Configuration
import Handlers
import JobModel
import Logging
import Platform

/// `martlet try`: has one job done by its handler, without Redis.
struct TryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try", abstract: "Run one job through its handler, without Redis, and show what it came to.",
        discussion: """
            Each ARG is JSON, or else taken as a string, as in `martlet push`. The handler is started as by `martlet run`; \
            what it would push is shown and goes nowhere. Exit status 0 if the job is done, 75 if it would run again, 65 if \
            it is not done and would not, 78 for a mistake in the configuration or a class that no handler takes.
            """)

    @OptionGroup var words: JobWords
    @OptionGroup var options: ConfigurationOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("The queue (default: the first of the file).", valueName: "name"))
    var queue: String?
    @Option(help: ArgumentHelp("As the run number N; 1 is the first.", valueName: "n")) var attempt = 1
    @Option(help: ArgumentHelp("What an earlier run wrote last as its checkpoint.", valueName: "json"))
    var checkpoint: String?
    @Option(help: ArgumentHelp("Where a job that iterates goes on.", valueName: "json")) var cursor: String?
    @Option(
        help: ArgumentHelp(
            "The job as one object on a line, from this file or, with -, standard input.", valueName: "file")
    ) var from: String?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if from == nil && words.jobClass == nil { throw ValidationError("name a class, or a file with --from") }
        if from != nil && words.jobClass != nil {
            throw ValidationError("give a class and its arguments, or --from, not both")
        }
        guard (1...1_000_000).contains(attempt) else { throw ValidationError("--attempt takes a number from 1") }
        if let cursor, (try? JSONText.kind(scanning: Array(cursor.utf8))) == nil {
            throw ValidationError("--cursor takes a JSON value, not '\(cursor)'")
        }
        if let checkpoint, (try? JSONText.kind(scanning: Array(checkpoint.utf8))) == nil {
            throw ValidationError("--checkpoint takes a JSON value, not '\(checkpoint)'")
        }
    }

    func run() throws {
        let loaded = try options.load()
        let (job, queue) = try job(loaded.settings)
        let settings = try settings(for: job, loaded)
        let handler = settings.handlers[0]
        LogSetup.start(format: .text, level: .warning, buffered: false, component: "try")
        let log = Logger(label: "try")
        for warning in HandlerCgroups.warnings(of: settings.handlers, controllers: [], reason: "`try` has no cgroup") {
            log.warning("\(warning)")
        }
        let text = TrialText(handler: handler.name, mode: handler.mode.rawValue)
        let record = Record()
        let end: Trial.End
        do throws(SystemError) {
            let trial = try Trial(settings, log: log) { [json] event in
                if json { record.json.note(event) } else { Output.line(text.line(event)) }
            }
            end = try trial.run(job, queue: queue, cursor: cursor.map { Array($0.utf8) })
        } catch {
            Output.error("martlet: \(error)")
            throw Exit.system
        }
        if json {
            Output.bytes(record.json.text(end, job, queue: queue, handler: handler.name, mode: handler.mode.rawValue))
        } else {
            for line in text.lines(end) { Output.line(line) }
        }
        if let status = end.exitStatus { throw status }
    }

    /// What is told while the job runs; closures share it.
    private final class Record { var json = TrialJSON() }

    /// The job as it would lie in its queue.
    private func job(_ settings: Settings) throws -> (Job, QueueName) {
        let now = Timestamp(milliseconds: WallClock.milliseconds())
        let first = settings.queues.first?.name.text
        do {
            let object =
                try from.map(Self.line)
                ?? JobDraft.object(class: words.jobClass ?? "", arguments: words.values, queue: queue ?? first)
            let draft = try JobDraft.prepare(
                object, now: now, newJID: BulkPush.newJID(), as: settings.sidekiq, limits: settings.payloadLimits)
            let job = try Job(decoding: draft.payload, limits: settings.payloadLimits)
            let changed = try job.beginning(
                attempt: attempt == 1 ? nil : attempt, checkpoint: checkpoint.map { Array($0.utf8) },
                limits: settings.payloadLimits)
            guard let queue else { return (changed, draft.queue) }
            guard let name = QueueName(queue) else { throw ValidationError("'\(queue)' is no queue's name") }
            return (changed, name)
        } catch let error as DraftError {
            throw ValidationError("\(error)")
        } catch let error as MalformedPayload {
            throw ValidationError("\(error)")
        }
    }

    private static func line(_ source: String) throws -> [UInt8] {
        var lines = try LineReader(source)
        while let line = try lines.next() {
            if !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return line }
        }
        throw ValidationError("no job in \(source)")
    }

    /// The settings with the one handler that takes the job: others need not be fit to run, and are not started.
    private func settings(for job: Job, _ loaded: LoadedConfiguration) throws -> Settings {
        var settings = loaded.settings
        guard let index = HandlerTable(settings.handlers).handler(for: job.route) else {
            let known = settings.handlers.flatMap { $0.classes.map(\.text) }.joined(separator: ", ")
            Output.error(
                "\(loaded.places.file): no handler takes the class \(job.route.text); there are "
                    + (known.isEmpty ? "no handlers" : "handlers for \(known)"))
            throw Exit.configuration
        }
        var handler = settings.handlers[index]
        handler.processes = ProcessRange()
        handler.watch = false
        settings.handlers = [handler]
        let problems = HandlerProof.problems(in: settings, places: loaded.places)
        for problem in problems { Output.error("\(problem)") }
        if !problems.isEmpty { throw Exit.configuration }
        return settings
    }
}
