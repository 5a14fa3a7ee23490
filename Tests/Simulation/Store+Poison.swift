import JobModel

@testable import Queueing

/// `is_poison` of exchange.lua and rescue.lua
extension Store {
    /// Counts a death, and says whether it is one too many.
    ///
    /// - Parameter cause: nil if a worker settles with the death of its handler.
    func isPoison(
        _ death: CountedDeath, of id: ReservationID, by identity: String, because cause: Books.Cause? = nil,
        payload: [UInt8]? = nil
    ) -> Bool {
        let isSeen = death.seen == nil || payload == nil || death.seen == payload
        let mayBury = !death.poisoned.isEmpty && isSeen && !spoiled.contains(.dead)
        let isPoison = count(death, mayBury: mayBury)
        books?.counted(
            death, of: id, by: identity, because: cause, at: after(0), mayBury: mayBury, isPoison: isPoison)
        return isPoison
    }

    private func count(_ death: CountedDeath, mayBury: Bool) -> Bool {
        guard !spoiled.contains(.deaths(death.jid)) else { return false }
        let now = after(0)
        var times = deaths[death.jid, default: []]
        times.append(now)
        times = times.suffix(death.limit.deaths)
        deaths[death.jid] = times
        guard times.count >= death.limit.deaths, let first = times.first, first > now - death.limit.seconds, mayBury
        else { return false }
        deaths[death.jid] = nil
        poisoned += 1
        return true
    }
}
