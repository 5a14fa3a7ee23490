/// What one read or write came to. Interrupted calls have been repeated already.
package enum IOResult: Equatable, Sendable {
    /// So many bytes were moved; at least one, unless none were asked for.
    case bytes(Int)
    /// A non-blocking descriptor has nothing to read or no room to write.
    case wouldBlock
    /// End of file on reading; never for a write.
    case end
    /// The errno. EPIPE when nobody reads any more.
    case failed(Int32)
}
