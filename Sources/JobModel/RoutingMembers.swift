/// The members that decide where a job goes, and where it goes on, found in one pass.
struct RoutingMembers {
    private(set) var jobClass: JSONMember?
    private(set) var wrapped: JSONMember?
    private(set) var jid: JSONMember?
    private(set) var queue: JSONMember?
    private(set) var retry: JSONMember?
    private(set) var retryCount: JSONMember?
    private(set) var checkpoint: JSONMember?
    /// Empty for most jobs.
    private(set) var options: [JobOption: JSONMember] = [:]

    /// - Throws: `.duplicateMember` if class, jid, queue or retry stands there twice; of other duplicates the last
    ///   counts.
    init(_ object: JSONObject) throws(MalformedPayload) {
        for member in object.members {
            // The length alone rules out most members; an escaped key may be shorter than it looks.
            if member.keyHasEscapes {
                let name = String(decoding: JSONText.unescape(object.bytes[member.key]).utf8, as: UTF8.self)
                try note(member, name: name)
                continue
            }
            switch member.key.count {
            case 3 where object.isNamed(member, "jid"): try note(member, name: "jid")
            case 4 where object.isNamed(member, "tags"): note(member, .tags)
            case 5 where object.isNamed(member, "class"): try note(member, name: "class")
            case 5 where object.isNamed(member, "queue"): try note(member, name: "queue")
            case 5 where object.isNamed(member, "retry"): try note(member, name: "retry")
            case 6 where object.isNamed(member, "expiry"): note(member, .expiry)
            case 7 where object.isNamed(member, "wrapped"): try note(member, name: "wrapped")
            case 9 where object.isNamed(member, "log_level"): note(member, .logLevel)
            case 10 where object.isNamed(member, "expires_in"): note(member, .expiresIn)
            case 11 where object.isNamed(member, "retry_count"): try note(member, name: "retry_count")
            case 13 where object.isNamed(member, "display_class"): note(member, .displayClass)
            case 18 where object.isNamed(member, Checkpoint.member): try note(member, name: Checkpoint.member)
            default: break
            }
        }
    }

    private mutating func note(_ member: JSONMember, name: String) throws(MalformedPayload) {
        switch name {
        case "class": try Self.once(&jobClass, member, name)
        case "jid": try Self.once(&jid, member, name)
        case "queue": try Self.once(&queue, member, name)
        case "retry": try Self.once(&retry, member, name)
        case "wrapped": wrapped = member
        case "retry_count": retryCount = member
        case Checkpoint.member: checkpoint = member
        default: if let option = JobOption(rawValue: name) { note(member, option) }
        }
    }

    private mutating func note(_ member: JSONMember, _ option: JobOption) {
        options[option] = member.kind == .null ? nil : member
    }

    private static func once(_ place: inout JSONMember?, _ member: JSONMember, _ name: String) throws(MalformedPayload)
    {
        guard place == nil else { throw .duplicateMember(name) }
        place = member
    }
}
