/// What the supervisor and its children tell each other: a datagram each, as text, "word rest".
package enum ControlMessage: Equatable, Sendable {
    // From a child.

    /// It has started and does its work.
    case ready
    /// It is alive; sent regularly by those that are busy starting or stopping.
    case progress
    /// The name under which it is known to others.
    case identity(String)
    /// What it is doing, for the status line: jobs running, how many could, and totals since its start.
    case figures(busy: Int, slots: Int, processed: Int, failed: Int, note: String)
    /// So many of its runs are slow; said when that changes.
    case slow(Int)
    /// The scheduler's wish: so many workers.
    case workers(Int)
    /// It cannot work and restarting it would not help; it is about to exit with this status.
    case refused(exitCode: Int32, reason: String)

    // From the supervisor.

    /// To the scheduler: that process is gone for certain, rescue what it held. With a death that counts against the jobs it
    /// was running.
    case dead(identity: String, WorkerDeath? = nil)
    /// To a worker that is being replaced: take nothing more and end when empty, without a deadline.
    case retire

    /// The bytes of its datagram.
    package var encoded: [UInt8] {
        switch self {
        case .ready: Array("ready".utf8)
        case .progress: Array("progress".utf8)
        case .identity(let name): Array("identity \(name)".utf8)
        case .figures(let busy, let slots, let processed, let failed, let note):
            Array("figures \(busy) \(slots) \(processed) \(failed) \(note)".utf8)
        case .slow(let count): Array("slow \(count)".utf8)
        case .workers(let count): Array("workers \(count)".utf8)
        case .refused(let exitCode, let reason): Array("refused \(exitCode) \(reason)".utf8)
        case .dead(let identity, nil): Array("dead \(identity)".utf8)
        case .dead(let identity, let death?):
            Array("died \(identity) \(death.running.map(String.init).joined(separator: ",")) \(death.how)".utf8)
        case .retire: Array("retire".utf8)
        }
    }

    /// Nil if the word is unknown or what it needs is missing: a newer program's message, to be skipped.
    package init?(decoding bytes: [UInt8]) {
        var words = Words(bytes)
        switch words.next() {
        case "ready": self = .ready
        case "progress": self = .progress
        case "identity": self = .identity(words.rest)
        case "figures":
            guard let busy = Int(words.next()), let slots = Int(words.next()), let processed = Int(words.next()),
                let failed = Int(words.next())
            else { return nil }
            self = .figures(busy: busy, slots: slots, processed: processed, failed: failed, note: words.rest)
        case "slow":
            guard let count = Int(words.next()) else { return nil }
            self = .slow(count)
        case "workers":
            guard let count = Int(words.next()) else { return nil }
            self = .workers(count)
        case "refused":
            guard let exitCode = Int32(words.next()) else { return nil }
            self = .refused(exitCode: exitCode, reason: words.rest)
        case "dead": self = .dead(identity: words.rest)
        case "died":
            let identity = words.next()
            let running = words.next().split(separator: ",").compactMap { UInt64($0) }
            self = .dead(identity: identity, WorkerDeath(how: words.rest, running: running))
        case "retire": self = .retire
        default: return nil
        }
    }

    private struct Words {
        private var remaining: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { remaining = bytes[...] }

        /// Up to the next space, which is dropped.
        mutating func next() -> String {
            let word = remaining.prefix { $0 != UInt8(ascii: " ") }
            remaining = remaining.dropFirst(word.count + 1)
            return String(decoding: word, as: UTF8.self)
        }

        /// Everything after the last space dropped, spaces included.
        var rest: String { String(decoding: remaining, as: UTF8.self) }
    }
}
