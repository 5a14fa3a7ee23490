/// Something about memory that names one job: kept for `martlet advise` and told in the log.
package struct MemoryIncident: Equatable, Sendable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// After the run the process kept much more than before, and did not give it back.
        case cliff
        /// The process grew steadily while the run went on.
        case growth
        /// The kernel killed the handler because memory ran out.
        case outOfMemory = "out_of_memory"
    }

    package var kind: Kind
    package var jobClass: String
    package var jid: String?
    /// A digest of the job's arguments, to tell apart runs of one class without telling what they were about.
    package var argumentsDigest: String
    package var handler: String
    package var host: String
    /// Bytes.
    package var before: Int
    package var peak: Int
    /// Of a run that goes on: now.
    package var after: Int
    package var seconds: Double
    /// When it was noticed: milliseconds since the epoch.
    package var at: Int64
    /// Classes of other runs that went on in the same process meanwhile: if there are any, which one it was is a guess.
    package var alongside: [String]

    package init(
        kind: Kind, jobClass: String, jid: String?, argumentsDigest: String, handler: String, host: String, before: Int,
        peak: Int, after: Int, seconds: Double, at: Int64,
        alongside: [String] = []
    ) {
        self.kind = kind
        self.jobClass = jobClass
        self.jid = jid
        self.argumentsDigest = argumentsDigest
        self.handler = handler
        self.host = host
        self.before = before
        self.peak = peak
        self.after = after
        self.seconds = seconds
        self.at = at
        self.alongside = alongside
    }
}
