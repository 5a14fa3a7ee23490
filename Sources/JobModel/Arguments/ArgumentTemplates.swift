/// The arguments that a handler's program is given of each job.
package struct ArgumentTemplates: Equatable, Sendable {
    private let templates: [ArgumentTemplate]
    private let isGuarded: Bool

    /// - Parameter isGuarded: a value never makes an argument an option: one that begins with `-` by it is refused, unless
    ///   a template `--` stands before it.
    package init(_ templates: [ArgumentTemplate], isGuarded: Bool) {
        self.templates = templates
        self.isGuarded = isGuarded
    }

    package var isEmpty: Bool { templates.isEmpty }

    /// Fills all of them for one job, one argument each, or none.
    ///
    /// - Parameter queue: it was fetched from.
    /// - Throws: the reason, for the first that does not fit.
    package func fill(_ job: Job, queue: QueueName) throws(UnfitJob) -> [String] {
        var arguments: [String] = []
        arguments.reserveCapacity(templates.count)
        var total = 0
        var areOptionsOver = false
        for (index, template) in templates.enumerated() {
            do throws(UnfitValue) {
                let argument = try template.fill(job, queue: queue)
                if isGuarded, !areOptionsOver, template.beginsWithValue, argument.utf8.first == UInt8(ascii: "-") {
                    throw UnfitValue(
                        "the value begins with `-`, and the program would take it for an option; write `--name={…}` or "
                            + "put `--` before it, or see `guard` in martlet.yml(5)")
                }
                total += argument.utf8.count + 1
                guard total <= ArgumentTemplate.longestTogether else {
                    throw UnfitValue("all arguments together have more than \(ArgumentTemplate.longestTogether) bytes")
                }
                arguments.append(argument)
            } catch {
                throw UnfitJob("argument \(index + 1), `\(template.text)`, cannot be made of this job: \(error.text)")
            }
            areOptionsOver = areOptionsOver || template.endsOptions
        }
        return arguments
    }
}

/// Why a job cannot be given to a program: it has no arguments as the program's handler wants them, and never will.
package struct UnfitJob: Error, Equatable {
    package let failure: Failure

    package init(_ message: String) { failure = Failure(errorClass: ErrorClass.badArguments, message: message) }
}
