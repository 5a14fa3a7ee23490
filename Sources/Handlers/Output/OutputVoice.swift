import Logging

/// Passes on what one process prints, with what the log is to know of it.
struct OutputVoice {
    /// What stands before a jid at the beginning of a line, where a process has several runs.
    private static let mark = "jid="

    let handler: String
    let pid: Int32
    let pass: (HandlerOutput) -> Void

    /// One line, with the level and the run that it says itself.
    ///
    /// - Parameters:
    ///   - isCut: it was longer.
    ///   - run: whose it is, if that is known.
    ///   - find: otherwise, whose it is by its jid.
    func pass(
        _ line: UnsafeRawBufferPointer, isCut: Bool, _ stream: HandlerOutput.Stream, of run: Run?,
        find: ((String) -> Run?)?
    ) {
        let (level, skipped) = LineLevel.of(line)
        var text = String(decoding: line[skipped...], as: UTF8.self)
        var run = run
        if run == nil, let find, text.hasPrefix(Self.mark), let end = text.firstIndex(of: " "),
            let found = find(String(text[..<end].dropFirst(Self.mark.count)))
        {
            run = found
            text = String(text[text.index(after: end)...])
        }
        if isCut { text += " … (cut)" }
        pass(HandlerOutput(content: .line(text), level: level, stream: stream, handler: handler, pid: pid, run: run))
    }

    /// Something we say of its output.
    func say(_ content: HandlerOutput.Content, _ stream: HandlerOutput.Stream, _ run: Run?) {
        let level: Logger.Level = if case .dropped = content { .warning } else { .notice }
        pass(HandlerOutput(content: content, level: level, stream: stream, handler: handler, pid: pid, run: run))
    }
}
