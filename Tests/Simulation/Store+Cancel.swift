import JobModel
import Redis

@testable import Queueing

/// request.lua, cancel.lua and the commands of CancelRequests; `answer` of exchange.lua.
extension Store {
    func request(_ jids: [String]) {
        requests = requests.filter { $0.value > milliseconds - Int64(CancelRequests.standSeconds) * 1000 }
        for jid in jids {
            answers[jid] = nil
            requests[jid] = milliseconds
        }
    }

    func withdraw(_ jids: [String]) { for jid in jids { requests[jid] = nil } }

    func answers(to jids: [String]) -> [String: SettledRequest.Became] {
        answers.filter { jids.contains($0.key) }
    }

    func answer(_ request: SettledRequest?) {
        guard let request, requests.removeValue(forKey: request.jid) != nil else { return }
        answers[request.jid] = request.became
    }

    /// All payloads of a place.
    ///
    /// - Throws: if the key is of another type.
    func look(into place: JobPlace) throws(RedisRefusal) -> [[UInt8]] {
        switch place {
        case .queue(let name):
            if let refusal = refusal(.queue(name)) { throw refusal }
            return queues[name] ?? []
        case .retry:
            if let refusal = refusal(.retry) { throw refusal }
            return retry.members
        case .schedule:
            if let refusal = refusal(.schedule) { throw refusal }
            return schedule.members
        case .dead:
            if let refusal = refusal(.dead) { throw refusal }
            return dead.members
        case .reserved(let identity): return reservations[identity].map { Array($0.values) } ?? []
        }
    }

    /// - Returns: whether it was still there.
    /// - Throws: if a key is of another type.
    func cancel(
        _ payload: [UInt8], jid: String, from place: JobPlace, buried: [UInt8]?, _ limits: DeadLimits = DeadLimits()
    ) throws(RedisRefusal) -> Bool {
        if buried != nil, let refusal = refusal(.dead) { throw refusal }
        _ = try look(into: place)
        let isThere: Bool
        switch place {
        case .queue(let name):
            let index = queues[name]?.lastIndex(of: payload)
            isThere = index != nil
            if let index { queues[name]?.remove(at: index) }
            if queues[name]?.isEmpty == true { queues[name] = nil }
        case .retry: isThere = retry.remove(payload)
        case .schedule: isThere = schedule.remove(payload)
        case .dead, .reserved: preconditionFailure("only what waits is moved")
        }
        guard isThere || breakage == .cancelledUnseen else { return false }
        if let buried {
            bury(buried, number: 0)
            trimDead(limits)
        }
        requests[jid] = nil
        books?.cancelled(payload, isDropped: buried == nil)
        return true
    }
}
