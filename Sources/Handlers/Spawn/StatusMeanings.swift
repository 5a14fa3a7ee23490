import Configuration

/// What the exit statuses of a handler's program mean for its job.
struct StatusMeanings: Equatable, Sendable {
    enum Meaning: Equatable, Sendable { case done, failed, dead, discarded }

    /// EX_DATAERR of sysexits.h: this job can never work.
    static let dataError: Int32 = 65

    private let named: [Int32: Meaning]
    /// Of those that are not named.
    private let others: Meaning

    init(_ terms: ProgramTerms = ProgramTerms()) {
        var named: [Int32: Meaning] = [:]
        if terms.retryOn == nil { named[Self.dataError] = .dead }
        for status in terms.retryOn ?? [] { named[Int32(status)] = .failed }
        for status in terms.discardOn { named[Int32(status)] = .discarded }
        for status in terms.success { named[Int32(status)] = .done }
        self.named = named
        others = terms.retryOn == nil ? .failed : .dead
    }

    subscript(status: Int32) -> Meaning { named[status] ?? others }
}
