import Glibc
import Platform

/// The two pipes of one serve process: what is on its way to it, and what it answers, cut into lines.
///
/// Only the leader touches it.
final class ServeChannel {
    /// Bytes of one line on descriptor 4.
    static let longestAnswer = 1 << 20
    /// At the end of the process, how much of descriptor 4 is still read: twice the longest line, in 64 KiB steps.
    static let lastReads = 2 * longestAnswer / (64 << 10)

    private let host: HandlerHost
    private var input: FileDescriptor?
    private var answers: FileDescriptor?
    /// The other end of `input`, never read: it shows what the process has not read when it ends.
    private var unread: FileDescriptor?
    private var feed = Feed()
    private var isInputWatched = false
    private var lines = LineSplitter(limit: longestAnswer)

    /// Takes our ends over, and a second descriptor for the one the process reads from.
    init(_ pipes: HandlerPipes, host: HandlerHost) throws(SystemError) {
        self.host = host
        input = pipes.input.take()
        answers = pipes.answers.take()
        unread = try pipes.duplicateInputReader()
    }

    func isInput(_ fd: Int32) -> Bool { fd == input?.raw }
    func isAnswers(_ fd: Int32) -> Bool { fd == answers?.raw }

    // MARK: To the process

    /// Bytes ever added: where the next line begins in the stream to the handler.
    var added: Int { feed.added }

    /// Lets a caller append in place what the next `flush` writes.
    func add(_ append: (inout [UInt8]) -> Void) { feed.add(append) }

    /// Writes what waits, as far as the pipe takes it.
    ///
    /// - Parameter sink: is told when it takes more.
    func flush(for sink: any EventSink) {
        guard input != nil else { return }
        switch feed.flush({ input?.write($0) ?? .end }) {
        case .done: watchInput(nil)
        case .blocked: watchInput(sink)
        case .refused: preconditionFailure("we hold the other end ourselves")
        }
    }

    private func watchInput(_ sink: (any EventSink)?) {
        guard (sink != nil) != isInputWatched, let raw = input?.raw else { return }
        isInputWatched = sink != nil
        if let sink { host.watch(raw, for: .writable, sink) } else { host.loop.forget(raw) }
    }

    func closeInput() {
        if let raw = input?.raw { host.loop.forget(raw) }
        input = nil
    }

    /// How far into the stream the process has read; to be asked once it has ended, and only once.
    func takeConsumed() -> Int {
        let consumed = feed.written - ((unread?.raw).map(HandlerPipes.bytesWaiting) ?? 0)
        unread = nil
        return consumed
    }

    // MARK: From the process

    func watchAnswers(for sink: any EventSink) {
        if let raw = answers?.raw { host.watch(raw, for: .readable, sink) }
    }

    func read(_ take: (LineSplitter.Piece) -> Void) -> HandlerHost.ReadStep {
        host.read {
            answers?.read(into: $0) ?? .end
        } _: {
            lines.feed($0, take)
        }
    }

    /// Whether what it writes stays in its pipe for now.
    func holdAnswers(_ isHeld: Bool) {
        if let raw = answers?.raw { host.loop.change(raw, to: isHeld ? [] : .readable) }
    }

    func closeAnswers() {
        if let raw = answers?.raw { host.loop.forget(raw) }
        answers = nil
    }
}
