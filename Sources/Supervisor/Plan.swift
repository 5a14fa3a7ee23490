/// What the supervisor is to keep running: the outcome of one reading of the configuration.
package struct Plan: Sendable {
    package let children: [ChildSpec]
    /// The settings as JSON. Every child of one generation reads this very text on descriptor 4, so that a file edited
    /// while children start cannot give two of them two configurations.
    package let settings: [UInt8]
    /// Seconds that a stop waits for running jobs.
    package let stopTimeout: Double

    package init(children: [ChildSpec], settings: [UInt8], stopTimeout: Double) {
        self.children = children
        self.settings = settings
        self.stopTimeout = stopTimeout
    }
}

/// What the children started from one plan have in common.
struct Generation: Equatable, Sendable {
    /// 0 at the start of the service, one more for each plan made since.
    let number: Int
    let settings: [UInt8]
    /// Seconds.
    let stopTimeout: Double

    init(_ number: Int, of plan: Plan) {
        self.number = number
        settings = plan.settings
        stopTimeout = plan.stopTimeout
    }
}
