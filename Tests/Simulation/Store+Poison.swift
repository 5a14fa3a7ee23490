import JobModel

/// `is_poison` of exchange.lua and rescue.lua
extension Store {
    /// Counts a death, and says whether it is one too many.
    func isPoison(_ death: CountedDeath) -> Bool {
        let now = after(0)
        var times = deaths[death.jid, default: []]
        times.append(now)
        let isFull = times.count >= death.limit.deaths
        times = times.suffix(death.limit.deaths)
        deaths[death.jid] = times
        guard isFull, let first = times.first, first > now - death.limit.seconds else { return false }
        guard !death.poisoned.isEmpty, !spoiled.contains(.dead) else { return false }
        deaths[death.jid] = nil
        poisoned += 1
        return true
    }
}
