package import Insight
import JobModel
package import Redis

/// Memory incidents in Redis: the last thousand, for three days.
extension MemoryIncident {
    package static let most = 1000
    private static let keptSeconds = 72 * 3600

    /// Pushes them, the newest last. The answer to the first says whether they are there.
    package static func recordCommands(_ incidents: [MemoryIncident]) -> [RedisCommand] {
        var push = RedisCommand(["LPUSH", Keys.incidents])
        for incident in incidents { push.add(incident.json) }
        return [
            push, RedisCommand(["LTRIM", Keys.incidents, "0", String(most - 1)]),
            RedisCommand(["EXPIRE", Keys.incidents, String(keptSeconds)]),
        ]
    }

    static var readCommand: RedisCommand { RedisCommand(["LRANGE", Keys.incidents, "0", "-1"]) }

    /// - Parameter seconds: how far back.
    static func read(_ reply: RedisReply, now: Timestamp, last seconds: Double) throws(RedisError) -> [MemoryIncident] {
        let oldest = now.milliseconds - Int64(max(0, min(seconds, Double(keptSeconds))) * 1000)
        var incidents: [MemoryIncident] = []
        for element in try reply.accepted().elements ?? [] {
            guard let incident = element.bytes.flatMap(MemoryIncident.init(json:)), incident.at >= oldest else {
                continue
            }
            // One that was sent again because its answer was lost.
            if !incidents.contains(incident) { incidents.append(incident) }
        }
        return incidents
    }

    /// An object with the members of the type, in snake case.
    var json: [UInt8] {
        var json = Array("{".utf8)
        func add(_ name: String, _ value: [UInt8]) {
            json += Array("\(json.count > 1 ? "," : "")\"\(name)\":".utf8) + value
        }
        func add(_ name: String, _ text: String) { add(name, JSONText.quote(text)) }
        func add(_ name: String, _ number: Int) { add(name, Array(String(number).utf8)) }
        add("kind", kind.rawValue)
        add("class", jobClass)
        if let jid { add("jid", jid) }
        add("arguments_digest", argumentsDigest)
        add("handler", handler)
        add("host", host)
        add("before", before)
        add("peak", peak)
        add("after", after)
        add("milliseconds", Int(max(0, min(seconds, 1e12)) * 1000))
        add("at", Int(at))
        if !alongside.isEmpty {
            add(
                "alongside",
                Array("[".utf8) + alongside.map(JSONText.quote).joined(separator: [UInt8(ascii: ",")]) + Array("]".utf8)
            )
        }
        return json + [UInt8(ascii: "}")]
    }

    /// Nil for what another version wrote that this one cannot read.
    init?(json: [UInt8]) {
        guard let object = try? JSONObject(scanning: json),
            let kind = object.string("kind").flatMap(Kind.init(rawValue:)), let jobClass = object.string("class"),
            let before = object.integer("before"), let peak = object.integer("peak"),
            let after = object.integer("after"), let at = object.integer("at")
        else { return nil }
        func bounded(_ number: Int) -> Int { max(0, min(number, 1 << 60)) }
        self.init(
            kind: kind, jobClass: jobClass, jid: object.string("jid"),
            argumentsDigest: object.string("arguments_digest") ?? "", handler: object.string("handler") ?? "",
            host: object.string("host") ?? "", before: bounded(before), peak: bounded(peak), after: bounded(after),
            seconds: Double(bounded(object.integer("milliseconds") ?? 0)) / 1000, at: Int64(at),
            alongside: object.strings(of: "alongside") ?? [])
    }
}
