/// Why a run failed, in the words that are stored with the job.
package struct Failure: Equatable, Sendable {
    /// Longest message kept, in Unicode scalars, which is what Ruby calls characters; Sidekiq's limit.
    package static let longestMessage = 10_000
    /// Longest error class kept, in Unicode scalars. Ours: a class is a name, and dashboards show it in a column.
    package static let longestErrorClass = 512

    /// Cut to its limit whenever it is set.
    package var errorClass: String {
        didSet { errorClass = Self.cut(errorClass, to: Self.longestErrorClass) }
    }
    /// Cut to its limit whenever it is set.
    package var message: String {
        didSet { message = Self.cut(message, to: Self.longestMessage) }
    }
    /// Innermost call first.
    package var backtrace: [String]
    /// Seconds to the next run, as its handler wishes; nil to leave that to the policy. It is not stored.
    package var retryIn: Double?
    /// Its handler wished for something that is no delay; the wish is passed over. It is not stored.
    package var hasUnusableDelay = false

    package init(errorClass: String, message: String, backtrace: [String] = [], retryIn: Double? = nil) {
        self.errorClass = Self.cut(errorClass, to: Self.longestErrorClass)
        self.message = Self.cut(message, to: Self.longestMessage)
        self.backtrace = backtrace
        self.retryIn = retryIn
    }

    /// - Parameter messageBytes: whatever a handler wrote; what is not UTF-8 in it becomes U+FFFD.
    package init(errorClass: String, messageBytes: some Collection<UInt8>, backtrace: [String] = []) {
        self.init(
            errorClass: errorClass, message: String(decoding: messageBytes, as: UTF8.self), backtrace: backtrace)
    }

    /// The backtrace as a JSON array of strings, as far as the job wants it kept; the caller compresses and encodes it.
    ///
    /// - Returns: nil if the job wants none, or there is none.
    package func backtraceJSON(for job: Job) -> [UInt8]? {
        guard let lines = job.backtraceLines, !backtrace.isEmpty else { return nil }
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for (index, line) in backtrace.prefix(lines).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONText.append(quoted: line, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    private static func cut(_ text: String, to longest: Int) -> String {
        guard text.utf8.count > longest else { return text }  // a scalar has at least one byte
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(longest)))
    }
}
