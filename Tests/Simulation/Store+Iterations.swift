import JobModel
import Redis

@testable import Queueing

/// iteration.lua and the reading of what it writes; `keep` of exchange.lua.
extension Store {
    func write(_ state: IterationState, of jid: String, _ id: ReservationID, _ identity: String)
        throws(RedisRefusal) -> IterationRecord.Written
    {
        guard reservations[identity]?[id] != nil else { return .gone }
        if isFull { throw RedisRefusal(code: "OOM", message: "OOM") }
        iterations[jid, default: IterationRecord()].state = state
        return .written(cancelledAt: iterations[jid]?.cancelledAt)
    }

    func keep(_ iteration: SettledIteration?) {
        switch iteration {
        case nil: break
        case .kept(let jid, let state): iterations[jid, default: IterationRecord()].state = state
        case .ended(let jid): iterations[jid] = nil
        }
    }
}
