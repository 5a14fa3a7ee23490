import ArgumentParser
import Configuration
import JobModel

/// Members of a job that say how it is treated; Sidekiq's clients call them options.
struct PushOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How often it is tried again (default: 25 times).", valueName: "n")) var retry: Int?
    @Option(
        name: .customLong("retry-for"),
        help: ArgumentHelp("Try it again for so long, however often.", valueName: "duration"))
    var retryFor: String?
    @Option(name: .customLong("retry-queue"), help: ArgumentHelp("The queue its retries go to.", valueName: "name"))
    var retryQueue: String?
    @Option(
        name: .customLong("expires-in"),
        help: ArgumentHelp("Drop it if it has not begun so long after it is due.", valueName: "duration"))
    var expiresIn: String?
    @Option(
        help: ArgumentHelp("Keep so many lines of a failure's backtrace, or 'all'.", valueName: "lines"))
    var backtrace: String?
    @Option(name: .customLong("tag"), help: ArgumentHelp("A tag; may be given several times.", valueName: "text"))
    var tags: [String] = []
    @Option(
        name: .customLong("display-class"),
        help: ArgumentHelp("What people are shown instead of the class.", valueName: "name"))
    var displayClass: String?
    @Option(
        name: .customLong("log-level"),
        help: ArgumentHelp("Log its lines from this level on: debug, info, warn, error, fatal.", valueName: "level"))
    var logLevel: String?
    @Flag(name: .customLong("no-dead"), help: "Drop it when no retry is left, rather than keep it in the dead set.")
    var isNotKept = false

    private static let levels = [
        "trace", "debug", "info", "notice", "warn", "warning", "error", "fatal", "critical",
    ]

    /// Whether none of them was given.
    var isEmpty: Bool {
        retry == nil && retryFor == nil && retryQueue == nil && expiresIn == nil && backtrace == nil && tags.isEmpty
            && displayClass == nil && logLevel == nil && !isNotKept
    }

    func validate() throws {
        if let retry, retry < 0 { throw ValidationError("--retry takes a number from 0") }
        for (name, value) in [("--retry-for", retryFor), ("--expires-in", expiresIn)] {
            if let value, Self.seconds(value) == nil {
                throw ValidationError("\(name) takes a duration such as 30, 5s, 5m, 2h or 1d, not '\(value)'")
            }
        }
        if let backtrace, Self.lines(backtrace) == nil {
            throw ValidationError("--backtrace takes a number of lines from 1, or 'all', not '\(backtrace)'")
        }
        if let logLevel, !Self.levels.contains(logLevel) {
            throw ValidationError("--log-level takes \(Self.levels.joined(separator: ", ")), not '\(logLevel)'")
        }
    }

    /// In the order of the help; values as JSON.
    var members: [(name: String, value: [UInt8])] {
        var members: [(name: String, value: [UInt8])] = []
        func add(_ name: String, _ text: String?) {
            if let text { members.append((name, Array(text.utf8))) }
        }
        func add(_ name: String, quoted text: String?) {
            if let text { members.append((name, JSONText.quote(text))) }
        }
        add("retry", retry.map(String.init))
        add("retry_for", retryFor.flatMap(Self.seconds))
        add("retry_queue", quoted: retryQueue)
        add("expires_in", expiresIn.flatMap(Self.seconds))
        add("backtrace", backtrace.flatMap(Self.lines))
        if !tags.isEmpty {
            let list = tags.map { JSONText.quote($0) }.joined(separator: CollectionOfOne(UInt8(ascii: ",")))
            members.append(("tags", [UInt8(ascii: "[")] + list + [UInt8(ascii: "]")]))
        }
        add("display_class", quoted: displayClass)
        add("log_level", quoted: logLevel)
        if isNotKept { add("dead", "false") }
        return members
    }

    /// A number of JSON, whole where it can be.
    private static func seconds(_ text: String) -> String? {
        guard let seconds = DurationArgument.seconds(text), seconds > 0, seconds <= RetryPolicy.longestDelay else {
            return nil
        }
        return seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
    }

    private static func lines(_ text: String) -> String? {
        if text == "all" { return "true" }
        return Int(text).flatMap { $0 > 0 ? String($0) : nil }
    }
}
