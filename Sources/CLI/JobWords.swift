import ArgumentParser
import JobModel

/// A job's class and arguments as words of a command line: `ReportJob 42 '{"format":"pdf"}' tomorrow`.
struct JobWords: ParsableArguments {
    @Argument(help: ArgumentHelp("The class of the job.", valueName: "class"))
    var jobClass: String?
    @Argument(parsing: .allUnrecognized, help: ArgumentHelp("Its arguments.", valueName: "arg"))
    var arguments: [String] = []

    func validate() throws {
        // What follows `--` is an argument, whatever it looks like.
        let options = arguments.prefix { $0 != "--" }
        if let unknown = options.first(where: { $0.hasPrefix("--") }) {
            throw ValidationError("unknown option \(unknown); an argument that looks like one follows `--`")
        }
    }

    /// The arguments, one JSON value each.
    var values: [[UInt8]] { words.map(Self.json) }

    /// The arguments without the first `--`, which only ends the options.
    private var words: [String] {
        guard let end = arguments.firstIndex(of: "--") else { return arguments }
        return Array(arguments[..<end] + arguments[(end + 1)...])
    }

    /// The text itself if it is JSON, else the text as a JSON string.
    static func json(_ text: String) -> [UInt8] {
        do throws(JSONError) {
            _ = try JSONText.kind(scanning: Array(text.utf8))
            return Array(text.utf8)
        } catch {
            return JSONText.quote(text)
        }
    }
}
