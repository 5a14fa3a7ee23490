import Platform

/// Whether work moves, or would if there was some: what the watchdog and the worker's health are fed by.
///
/// A loop that turns is not enough. Exchanges with Redis are answered, or it is known that they cannot be and the next
/// attempt is under way. Pure; asked once a second.
struct Progress {
    /// Where the connection to Redis stands.
    enum Link {
        /// Receiving: an answer that takes long goes on coming.
        case up(isReceiving: Bool)
        /// An attempt has been under way since then.
        case connecting(since: MonotonicTime)
        /// Lost or not reached; the next attempt has its time.
        case waiting
    }

    /// An idle worker beats every 5 s and waits 3 s for the answer.
    static let patienceSeconds = 10.0
    /// Longer than every step of an attempt together may take: only a resolver that hangs takes so long.
    static let connectSeconds = 60.0
    /// The look comes every second; one so late has not seen what came meanwhile.
    private static let lateSeconds = 5.0

    private var isAnswered = false
    private var isExchanged = false
    private var lastAnswer: MonotonicTime
    private var lastExchange: MonotonicTime
    private var lastLook: MonotonicTime

    init(now: MonotonicTime) {
        lastAnswer = now
        lastExchange = now
        lastLook = now
    }

    /// Redis has answered.
    mutating func answered(isExchange: Bool) {
        isAnswered = true
        if isExchange { isExchanged = true }
    }

    /// - Parameter wantsJobs: there are free slots, and nobody has said that they stay so.
    /// - Returns: what does not move; nil if all is well.
    mutating func obstacle(link: Link, wantsJobs: Bool, at now: MonotonicTime) -> String? {
        let isLate = now.seconds(since: lastLook) > Self.lateSeconds
        lastLook = now
        let isExcused = if case .up(isReceiving: false) = link { isLate } else { true }
        if isAnswered || isExcused { lastAnswer = now }
        if isExchanged || isExcused || !wantsJobs { lastExchange = now }
        isAnswered = false
        isExchanged = false
        switch link {
        case .waiting: return nil
        case .connecting(let since):
            let seconds = now.seconds(since: since)
            return seconds > Self.connectSeconds ? "an attempt to reach Redis takes \(Int(seconds)) s by now" : nil
        case .up:
            let silence = now.seconds(since: lastAnswer)
            if silence > Self.patienceSeconds { return "Redis has answered nothing for \(Int(silence)) s" }
            let drought = now.seconds(since: lastExchange)
            guard drought > Self.patienceSeconds else { return nil }
            return "slots are free, and nothing was fetched or asked for for \(Int(drought)) s"
        }
    }
}
