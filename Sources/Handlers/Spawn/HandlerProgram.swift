import Configuration
import JobModel

/// What each job gives to the program of a handler in mode spawn, and what the program's exit statuses mean.
struct HandlerProgram {
    private let templates: ArgumentTemplates
    private let standardInput: ProgramTerms.StandardInput
    let meanings: StatusMeanings

    /// - Precondition: the templates can be read, as the configuration has seen.
    init(_ terms: ProgramTerms) {
        do throws(TemplateMistake) {
            templates = ArgumentTemplates(
                try terms.arguments.map { (text) throws(TemplateMistake) in try ArgumentTemplate(text) },
                isGuarded: terms.isGuarded)
        } catch {
            preconditionFailure("a template that was read once is read again: it \(error.text)")
        }
        standardInput = terms.standardInput
        meanings = StatusMeanings(terms)
    }

    /// The arguments that follow those of the command.
    func arguments(of run: Run) throws(UnfitJob) -> [String] {
        templates.isEmpty ? [] : try templates.fill(run.job, queue: run.queue)
    }

    /// What is written to standard input; nil where it is /dev/null.
    func input(of run: Run) throws(UnfitJob) -> ArraySlice<UInt8>? {
        switch standardInput {
        case .payload: return run.job.payload[...]
        case .none: return nil
        case .args:
            guard let member = run.job.object.member("args"), member.kind == .array else {
                throw UnfitJob("the job has no list `args`, which `stdin: args` would give to the program")
            }
            return run.job.object.raw(member)
        }
    }
}
