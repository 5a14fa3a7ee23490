/// A handler for Martlet: the jobs of a program, and the loop that does them.
///
///     @main struct Reports {
///         static func main() async {
///             var martlet = Martlet()
///             martlet.job("ReportJob") { (run: Run, user: Int, page: Int?) in
///                 run.progress(40, "page 4 of 10")
///                 try await render(user, page ?? 1)
///                 try run.push("MailJob", user)
///             }
///             await martlet.run()
///         }
///     }
///
/// The same program works in the modes `spawn` and `serve`, with `threads` too. A job that returns is done; one that throws
/// has failed and is retried by its rules, unless it throws `Snooze`, `Discard` or `Dead`. A run that is cancelled, or at its
/// timeout sent SIGTERM, is a `Task` that is cancelled: `Task.sleep` and `Task.checkCancellation()` throw.
///
/// Jobs run on Swift's own threads, as many as there are processors: one that blocks keeps a thread from the others.
public struct Martlet: Sendable {
    typealias Body = @Sendable (Run) async throws -> Void

    private(set) var jobs: [String: Body] = [:]

    public init() {}

    /// Adds a job by the name of its class.
    ///
    /// - Parameter body: takes the run, and after it one parameter for each argument of the job. One that is missing or null
    ///   is nil if its type is optional; else, and if one has another type, the job fails. Arguments beyond are ignored.
    public mutating func job<each Argument: Decodable & SendableMetatype>(
        _ name: String, _ body: @escaping @Sendable (Run, repeat each Argument) async throws -> Void
    ) {
        jobs[name] = { run in
            let arguments = try run.arguments(as: Arguments<repeat each Argument>.self)
            try await body(run, repeat each arguments.values)
        }
    }

    /// Does what Martlet asks for, in the mode in which it started this process; returns when there is nothing more to do. By
    /// hand it does the job on standard input, and what would go to Martlet goes to standard error.
    public func run() async {
        Surroundings.prepare()
        if let (input, output) = Surroundings.pipes {
            await Server(self, input: input, wire: Wire(output)).serve()
        } else {
            await SpawnedJob(self).run()
        }
    }

    /// Does a job.
    ///
    /// - Returns: the line that answers it.
    func perform(_ run: Run) async -> Answer {
        guard let body = jobs[run.jobClass] else {
            let known = jobs.keys.sorted().joined(separator: ", ")
            return Answer(
                .failed(
                    class: "NoHandler",
                    message: "this program has no job \(run.jobClass), only: \(known.isEmpty ? "none" : known)",
                    backtrace: []), of: run)
        }
        do {
            try await body(run)
            return Answer(.done, of: run)
        } catch {
            return Answer(Answer.Kind(error), of: run)
        }
    }
}

/// The arguments of a job, each of its own type.
struct Arguments<each Argument: Decodable>: Decodable {
    let values: (repeat each Argument)

    init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        values = (repeat try Self.next((each Argument).self, in: &container))
    }

    private static func next<T: Decodable>(_ type: T.Type, in container: inout any UnkeyedDecodingContainer) throws -> T
    {
        if container.isAtEnd, let optional = type as? any ExpressibleByNilLiteral.Type,
            let none = optional.init(nilLiteral: ()) as? T
        {
            return none
        }
        return try container.decode(type)
    }
}
