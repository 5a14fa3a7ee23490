/// What a program that knows nothing of jobs is given, and what its exit status means: mode spawn.
package struct ProgramTerms: Codable, Equatable, Sendable {
    /// What stands on the program's standard input.
    package enum StandardInput: String, Codable, Sendable, CaseIterable {
        /// The payload's bytes and a line feed.
        case payload
        /// The array of arguments alone, and a line feed.
        case args
        /// Nothing: /dev/null.
        case none
    }

    /// Templates of arguments that follow the command: text in which `{args.0}` stands for a scalar of the job. Each can be
    /// read by `ArgumentTemplate`.
    package var arguments: [String] = []
    /// A value of a job must not make one of them an option.
    package var isGuarded = true
    package var standardInput = StandardInput.payload
    /// Exit statuses, 0 to 255, that mean done; never empty.
    package var success: [Int] = [0]
    /// Exit statuses that mean failed, to be retried; others that are named nowhere are then dead. Nil: all but 65.
    package var retryOn: [Int]?
    /// Exit statuses that mean the job is to be dropped.
    package var discardOn: [Int] = []

    package init() {}
}
