import Glibc
import Platform

/// Whose output a process's output is.
enum Speaker {
    /// It has no run.
    case nobody
    case run(Run)
    /// It has so many runs at once; a line that names a jid is told by it.
    case several(Int, (String) -> Run?)
}

/// Cuts what one process prints into lines, and passes them on: no faster than a log should be asked to take them, and no more
/// of one run than it may have. What is too fast or too much is kept, as far as it is the last.
struct OutputValve {
    /// Longer lines are cut.
    static let maximumLineBytes = 8 << 10
    /// Each second; what a run prints beyond that waits for the next, and what a process prints without a run is dropped.
    static let maximumBytesPerSecond = 1 << 20
    static let maximumLinesPerSecond = 1000
    /// Of a run's last lines so many are logged at its end, whatever was logged in that second.
    static let fewestLastLines = 100

    private let voice: OutputVoice
    /// Bytes of one run.
    private let limit: Int
    private var stdout = LineSplitter(limit: maximumLineBytes)
    private var stderr = LineSplitter(limit: maximumLineBytes)
    private(set) var tail = OutputTail()
    private var second: MonotonicTime
    private var bytesThisSecond = 0
    private var linesThisSecond = 0
    /// Without a run.
    private var bytesDropped = 0
    private var lastDropped = HandlerOutput.Stream.stdout
    /// What the present run, or the present runs together, have printed.
    private var account: OutputAccount?

    /// - Parameter limit: bytes of one run that are passed on.
    init(handler: String, pid: Int32, limit: Int, now: MonotonicTime, pass: @escaping (HandlerOutput) -> Void) {
        voice = OutputVoice(handler: handler, pid: pid, pass: pass)
        self.limit = limit
        second = now
    }

    /// Whether what comes next need not be read soon, since it would not be passed on.
    var isFlooded: Bool { bytesThisSecond > Self.maximumBytesPerSecond }

    mutating func take(
        _ bytes: UnsafeRawBufferPointer, from stream: HandlerOutput.Stream, of speaker: Speaker, now: MonotonicTime
    ) {
        if stream == .stderr { tail.append(bytes) }
        settle(speaker)
        if now.seconds(since: second) >= 1 { turnSecond(now) }
        bytesThisSecond += bytes.count
        if account == nil {
            if isFlooded { drop(bytes, stream) } else { split(stream) { $0.feed(bytes, $1) } }
            return
        }
        if account?.isHolding == true {
            account?.allowance.keep(bytes, from: stream)
        } else {
            split(stream) { $0.feed(bytes, $1) }
            if account?.isHolding == true { keepPartialLines() }
        }
        tellHoldingBack(stream)
    }

    /// The stream ended: what stands after its last line feed is a line too.
    mutating func end(_ stream: HandlerOutput.Stream, of speaker: Speaker) {
        settle(speaker)
        split(stream) { $0.flush($1) }
    }

    /// A run of the process is over: what was kept of its output is passed on.
    mutating func runEnded(_ number: Int) {
        if let account, account.run == nil || account.run?.number == number { close() }
    }

    /// Says what was kept or dropped and has not been said yet: the process has ended.
    mutating func finish() {
        close()
        reportDropped()
    }

    // MARK: One run

    private mutating func settle(_ speaker: Speaker) {
        switch speaker {
        case .nobody: close()
        case .run(let run):
            if let account, account.run?.number == run.number { return }
            close()
            account = OutputAccount(run: run, limit: limit, find: { _ in nil })
        case .several(let count, let find):
            if let account, account.run == nil { return }
            close()
            account = OutputAccount(run: nil, limit: limit * count, find: find)
        }
    }

    /// Lines that have begun are kept with what follows.
    private mutating func keepPartialLines() {
        for stream in [HandlerOutput.Stream.stdout, .stderr] {
            let begun = stream == .stdout ? stdout.takePartial() : stderr.takePartial()
            begun.withUnsafeBytes { account?.allowance.keep($0, from: stream) }
        }
    }

    private mutating func tellHoldingBack(_ stream: HandlerOutput.Stream) {
        guard let allowance = account?.allowance, allowance.isUsedUp, account?.isTold == false else { return }
        account?.isTold = true
        voice.say(.heldBack(after: allowance.head, last: allowance.tail), stream, account?.run)
    }

    private mutating func close() {
        guard var last = account else { return }
        account = nil
        for kept in last.allowance.takeKept() {
            passKept(kept, of: last, atLeast: Self.fewestLastLines)
        }
    }

    /// What waited for this second goes on, and what has come of a line since then waits for its end as usual.
    private mutating func resume() {
        guard var present = account, present.isHolding, !present.allowance.isUsedUp else { return }
        account = nil
        present.isHolding = false
        for kept in present.allowance.takeKept() {
            let end = kept.bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            passKept(
                .init(stream: kept.stream, omitted: kept.omitted, bytes: Array(kept.bytes[..<end])), of: present,
                atLeast: 0)
            kept.bytes[end...].withUnsafeBytes { begun in
                switch kept.stream {
                case .stdout: stdout.feed(begun) { _ in }
                case .stderr: stderr.feed(begun) { _ in }
                }
            }
        }
        account = present
    }

    private mutating func passKept(_ kept: OutputAllowance.Kept, of account: OutputAccount, atLeast fewest: Int) {
        let all = kept.bytes.split(separator: 0x0A)
        let lines = all.suffix(max(fewest, Self.maximumLinesPerSecond - linesThisSecond))
        let omitted = kept.omitted + all.dropLast(lines.count).reduce(0) { $0 + $1.count + 1 }
        if omitted > 0 { voice.say(.omitted(bytes: omitted), kept.stream, account.run) }
        linesThisSecond += lines.count
        for line in lines {
            line.withUnsafeBytes {
                let isCut = $0.count > Self.maximumLineBytes
                let start = UnsafeRawBufferPointer(rebasing: $0.prefix(Self.maximumLineBytes))
                voice.pass(start, isCut: isCut, kept.stream, of: account.run, find: account.find)
            }
        }
    }

    // MARK: Seconds and lines

    private mutating func turnSecond(_ now: MonotonicTime) {
        reportDropped()
        second = now
        bytesThisSecond = 0
        linesThisSecond = 0
        resume()
    }

    private mutating func reportDropped() {
        guard bytesDropped > 0 else { return }
        voice.say(.dropped(bytes: bytesDropped), lastDropped, nil)
        bytesDropped = 0
    }

    private mutating func drop(_ bytes: UnsafeRawBufferPointer, _ stream: HandlerOutput.Stream) {
        bytesDropped += bytes.count
        lastDropped = stream
        // What comes next is still the rest of a line of which the beginning was dropped.
        let isCut = bytes.last != 0x0A
        switch stream {
        case .stdout: stdout.forgetLine(skippingRest: isCut)
        case .stderr: stderr.forgetLine(skippingRest: isCut)
        }
    }

    private mutating func split(
        _ stream: HandlerOutput.Stream, _ body: (inout LineSplitter, (LineSplitter.Piece) -> Void) -> Void
    ) {
        var lines = linesThisSecond
        var dropped = 0
        // Nobody else holds it meanwhile, or what it keeps would be copied.
        var account = account.take()
        let isFlooded = isFlooded
        let take = { [voice] (piece: LineSplitter.Piece) in
            let (bytes, isCut) =
                switch piece {
                case .line(let bytes): (bytes, false)
                case .cut(let bytes): (bytes, true)
                }
            guard account != nil else {
                lines += 1
                if lines > Self.maximumLinesPerSecond {
                    dropped += bytes.count + 1
                } else {
                    voice.pass(bytes, isCut: isCut, stream, of: nil, find: nil)
                }
                return
            }
            if account?.hold(ifTooFast: isFlooded || lines >= Self.maximumLinesPerSecond) == true {
                account?.allowance.keepLine(bytes, from: stream)
            } else {
                account?.allowance.pass(bytes.count + 1)
                lines += 1
                voice.pass(bytes, isCut: isCut, stream, of: account?.run, find: account?.find)
            }
        }
        switch stream {
        case .stdout: body(&stdout, take)
        case .stderr: body(&stderr, take)
        }
        _ = account?.hold(ifTooFast: isFlooded || lines >= Self.maximumLinesPerSecond)
        self.account = account
        linesThisSecond = lines
        if dropped > 0 {
            bytesDropped += dropped
            lastDropped = stream
        }
    }
}

/// What one run has printed, or several together.
struct OutputAccount {
    /// Nil for several.
    let run: Run?
    var allowance: OutputAllowance
    /// Of several runs, the one with this jid.
    let find: (String) -> Run?
    /// What comes is kept rather than passed on.
    var isHolding = false
    /// It was said that its allowance is used up.
    var isTold = false

    init(run: Run?, limit: Int, find: @escaping (String) -> Run?) {
        self.run = run
        self.find = find
        allowance = OutputAllowance(limit: limit)
    }

    /// - Returns: whether what comes next is kept.
    mutating func hold(ifTooFast isTooFast: Bool) -> Bool {
        isHolding = isHolding || isTooFast || allowance.isUsedUp
        return isHolding
    }
}
