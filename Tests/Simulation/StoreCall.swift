import JobModel
import Queueing
import Redis

/// What a process asks of Redis.
enum StoreCall {
    case exchange(Exchange.Request)
    /// The last: so many jobs in a queue are too many for more.
    case chunk(Chunk, of: String, Int)
    case iteration(String)
    case writeIteration(IterationState, jid: String, ReservationID, of: String)
    case beat(ProcessRegistry.Beat)
    case ids(String)
    case payloads(String, [ReservationID])
    case deregister(String)
    case leases
    case origin(String)
    case ownRecord(String)
    case deathCounts([CountedDeath])
    case rescue(String, force: Bool, [ReservationID: CountedDeath], Books.Cause)
    case due(DueJobs.Source, limit: Int)
    case promote(DueJobs.Due, DueJobs.Source, PayloadLimits)
    case request([String])
    case requests
    case answers([String])
    case withdraw([String])
    case look(JobPlace)
    case cancel([UInt8], String, JobPlace, buried: [UInt8]?)
    /// Broken on purpose: see `Breakage.rescueInTwoSteps`.
    case forgetCopied(String)
}

enum StoreAnswer {
    case exchange(Exchange.Answer)
    case chunk(Chunk.Answer)
    case iteration(IterationRecord?)
    case iterationWritten(IterationRecord.Written)
    case beat(ProcessRegistry.BeatAnswer)
    case ids([ReservationID])
    case payloads([Reservation])
    case deregistered
    case leases([Rescue.Lease])
    case origin(ProcessOrigin?)
    case ownRecord(RunningAtDeath.OwnRecord)
    case deathCounts([Int])
    case rescued(Rescue.Answer)
    case due(DueJobs.Due)
    case promoted(DueJobs.Answer)
    case requests([String: Cancellation])
    case answers([String: SettledRequest.Became])
    case payloadsThere([[UInt8]])
    case cancelled(Bool)
    case done
    case refused(RedisRefusal)
}

extension Store {
    /// - Parameter callersClock: milliseconds on the calendar of the caller's node. Nothing correct depends on it.
    func carryOut(_ call: StoreCall, callersClock: Int64) -> StoreAnswer {
        let judge = breakage == .nodeClock ? callersClock : nil
        do throws(RedisRefusal) {
            switch call {
            case .exchange(let request): return .exchange(exchange(request))
            case .chunk(let chunk, let identity, let deepest):
                return .chunk(self.chunk(chunk, of: identity, deepest: deepest))
            case .iteration(let jid): return .iteration(iterations[jid])
            case .writeIteration(let state, let jid, let id, let identity):
                return .iterationWritten(try write(state, of: jid, id, identity))
            case .beat(let beat): return .beat(self.beat(beat, judge: judge))
            case .ids(let identity): return .ids(ids(of: identity))
            case .payloads(let identity, let ids): return .payloads(payloads(of: identity, ids))
            case .deregister(let identity):
                _ = deregister(identity)
                return .deregistered
            case .leases: return .leases(leaseList(judge: judge))
            case .origin(let identity): return .origin(origins[identity])
            case .ownRecord(let identity): return .ownRecord(ownRecord(of: identity))
            case .deathCounts(let deaths): return .deathCounts(deathCounts(deaths))
            case .rescue(let identity, let force, let deaths, let cause):
                return .rescued(rescue(identity, force: force, deaths: deaths, because: cause, judge: judge))
            case .due(let source, let limit): return .due(try due(source, limit: limit))
            case .promote(let due, let source, let limits):
                return .promoted(try promote(due, from: source, limits: limits))
            case .request(let jids):
                request(jids)
                return .done
            case .requests: return .requests(requests.mapValues { _ in Cancellation(by: "somebody") })
            case .answers(let jids): return .answers(answers(to: jids))
            case .withdraw(let jids):
                withdraw(jids)
                return .done
            case .look(let place): return .payloadsThere(try look(into: place))
            case .cancel(let payload, let jid, let place, let buried):
                return .cancelled(try cancel(payload, jid: jid, from: place, buried: buried))
            case .forgetCopied(let identity):
                forgetCopied(identity)
                return .done
            }
        } catch {
            return .refused(error)
        }
    }
}
