import JobModel
import Redis

@testable import Queueing

/// All that lies in a real Redis and in the model of it, in one form.
extension StorePair {
    func dumpRedis() throws -> Dump {
        var dump = Dump()
        for place in Self.places {
            let key = key(place)
            if case .deaths(let jid) = place {
                let reply = try redis.call(RedisCommand(["LRANGE", key, "0", "-1"]))
                dump[key] = reply.refusal.map { [$0.code] } ?? [String(reply.elements?.count ?? 0)]
                if let times = reply.elements { dump.instants[jid] = times.map { $0.number ?? 0 } }
                continue
            }
            let isQueue = if case .queue = place { true } else { false }
            let command = RedisCommand([isQueue ? "LRANGE" : "ZRANGE", key, "0", "-1"])
            let reply = try redis.call(command)
            dump[key] = reply.refusal.map { [$0.code] } ?? (reply.elements ?? []).compactMap(\.text)
            guard !isQueue, reply.refusal == nil else { continue }
            let scores = try redis.call(RedisCommand(["ZRANGE", key, "0", "-1", "WITHSCORES"])).pairs ?? []
            dump.instants[key] = scores.map { $0.value.number ?? 0 }
        }
        for identity in Self.identities {
            let held = try redis.call(RedisCommand(["HGETALL", Keys.reservations(identity)])).pairs ?? []
            dump[identity] = held.map { "\($0.name.text ?? "") \($0.value.text ?? "")" }.sorted()
            let lease = try redis.call(RedisCommand(["ZSCORE", Keys.leases, identity])).number
            dump.instants[identity] = lease.map { [$0 / 1000] } ?? []
            let record = RunningAtDeath.ownRecord(
                try redis.pipeline(RunningAtDeath.recordCommands(identity: identity)))
            dump["\(identity) record"] = ["\(record.isQuiet) \(record.sequences.sorted())"]
            dump["\(identity) origin"] =
                try ProcessOrigin.read(redis.call(ProcessOrigin.command(identity: identity)))
                .map { ["\($0)"] } ?? []
        }
        dump["paused"] = try PausedQueues.list(redis.call(PausedQueues.listCommand)).map(\.text).sorted()
        dump["requests"] = try CancelRequests.list(redis.call(CancelRequests.listCommand)).keys.sorted()
        let answers = try CancelRequests.answers(
            redis.call(CancelRequests.answersCommand(Self.mortals)), to: Self.mortals)
        dump["answers"] = answers.map { "\($0.key) \($0.value.became)" }.sorted()
        for jid in Self.mortals {
            let key = Keys.iteration(jid)
            let record = try IterationRecord.read(redis.call(IterationRecord.readCommand(jid)))
            dump[key] = record.map { ["\($0)"] } ?? []
            if record != nil { dump.instants[key] = [try redis.call(RedisCommand(["TTL", key])).number ?? 0] }
        }
        let names = try redis.call(RedisCommand(["SMEMBERS", Keys.queues])).elements ?? []
        dump["queues"] = names.compactMap(\.text).sorted()
        dump["statistics"] = try [Keys.processed, Keys.failed, Keys.poisoned, Keys.expired].map {
            String(try redis.call(RedisCommand(["GET", $0])).integer ?? 0)
        }
        return dump
    }

    func dumpModel() -> Dump {
        var dump = Dump()
        for place in Self.places {
            let key = key(place)
            guard !model.spoiled.contains(place) else {
                dump[key] = ["WRONGTYPE"]
                continue
            }
            switch place {
            case .queue(let name): dump[key] = model.queues[name, default: []].map(text)
            case .retry: add(model.retry, key, to: &dump)
            case .schedule: add(model.schedule, key, to: &dump)
            case .dead: add(model.dead, key, to: &dump)
            case .deaths(let jid):
                dump[key] = [String(model.deaths[jid, default: []].count)]
                dump.instants[jid] = model.deaths[jid] ?? []
            }
        }
        for identity in Self.identities {
            let held = model.reservations[identity] ?? [:]
            dump[identity] = held.map { "\($0.key.text) \(text($0.value))" }.sorted()
            dump.instants[identity] = model.leases[identity].map { [Double($0) / 1000] } ?? []
            let record = model.ownRecord(of: identity)
            dump["\(identity) record"] = ["\(record.isQuiet) \(record.sequences.sorted())"]
            dump["\(identity) origin"] = model.origins[identity].map { ["\($0)"] } ?? []
        }
        dump["paused"] = model.paused.map(\.text).sorted()
        dump["requests"] = model.requests.keys.sorted()
        dump["answers"] = model.answers.map { "\($0.key) \($0.value)" }.sorted()
        for jid in Self.mortals {
            let record = model.iterations[jid]
            dump[Keys.iteration(jid)] = record.map { ["\($0)"] } ?? []
            if record != nil { dump.instants[Keys.iteration(jid)] = [Double(IterationRecord.keptSeconds)] }
        }
        dump["queues"] = model.names.map(\.text).sorted()
        dump["statistics"] = [model.processed, model.failed, model.poisoned, model.expired].map(String.init)
        return dump
    }

    private func add(_ set: SortedMembers, _ key: String, to dump: inout Dump) {
        dump[key] = set.members.map(text)
        dump.instants[key] = set.entries.map(\.score)
    }

    private func text(_ payload: [UInt8]) -> String { String(decoding: payload, as: UTF8.self) }

    /// The contents of all keys.
    struct Dump: Equatable {
        var texts: [String: [String]] = [:]
        /// Seconds.
        var instants: [String: [Double]] = [:]

        subscript(key: String) -> [String]? {
            get { texts[key] }
            set { texts[key] = newValue }
        }

        /// The clocks of both sides differ by what a step takes.
        static func == (left: Dump, right: Dump) -> Bool {
            left.texts == right.texts && left.instants.keys == right.instants.keys
                && left.instants.allSatisfy { key, instants in
                    let others = right.instants[key] ?? []
                    return instants.count == others.count && zip(instants, others).allSatisfy { abs($0 - $1) < 100 }
                }
        }
    }
}
