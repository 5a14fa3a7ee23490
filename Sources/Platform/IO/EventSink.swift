/// What is wanted to be known about a descriptor.
package struct Interest: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let readable = Interest(rawValue: 1)
    package static let writable = Interest(rawValue: 2)
}

/// What is known about a descriptor.
package struct Readiness: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// There is something to read, or the end.
    package static let readable = Readiness(rawValue: 1)
    package static let writable = Readiness(rawValue: 2)
    /// The other side is gone, or an error waits: EPOLLHUP or EPOLLERR. Comes without being asked for; what was sent
    /// before can still be read.
    package static let hangup = Readiness(rawValue: 4)
}

/// Who is told that a descriptor is ready.
package protocol EventSink: AnyObject {
    /// Called by `EventLoop.turn` in its thread, again at every turn for as long as the descriptor stays ready.
    ///
    /// It may watch, change and forget any descriptor, itself too.
    func ready(_ fd: Int32, _ readiness: Readiness)
}
