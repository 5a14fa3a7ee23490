/// A promise that was not kept, with the lines of the ledgers that show it.
struct Violation: Sendable, CustomStringConvertible {
    enum Rule: String, CaseIterable, Sendable {
        case lost = "I1 no loss"
        case twice = "I1 in one place only"
        case left = "I5 everything is done in the end"
        case neverRan = "I2 what is done has run"
        case duplicate = "I3 nothing runs twice without a reason"
        case tooMany = "I3 no fault doubles more than was under way"
        case sideBySide = "I3 no two runs of a job at a time"
        case payload = "I4 the payload is what was pushed"
        case slow = "I5 rescued in time"
        case stray = "I6 nothing is left behind"
        case counters = "I7 the counters agree"
        case afterStop = "I8 nothing runs after a stop"
        case early = "T1 nothing runs before its time"
        case unreadable = "the ledgers can be read"
        case stranger = "what runs was pushed"
        case wrongEnd = "each job ends as it should"
    }

    let rule: Rule
    let what: String
    let evidence: [String]

    init(_ rule: Rule, _ what: String, _ evidence: [String] = []) {
        self.rule = rule
        self.what = what
        self.evidence = evidence
    }

    var description: String { (["\(rule.rawValue): \(what)"] + evidence.map { "    \($0)" }).joined(separator: "\n") }
}

extension Ledgers.Run: CustomStringConvertible {
    var description: String {
        let end = endedAt.map { "ended \(Self.text($0)) \(outcome.map { "\($0)" } ?? "?")" } ?? "did not end"
        return "run: \(name) attempt \(attempt) on host \(host) worker \(worker) handler \(handler), started "
            + "\(Self.text(startedAt)), \(end)"
    }

    static func text(_ seconds: Double) -> String { String((seconds * 1000).rounded() / 1000) }
}

extension Ledgers.Hit: CustomStringConvertible {
    var description: String {
        "deed: \(title) at \(Ledgers.Run.text(at)) until \(Ledgers.Run.text(until)), scope \(scope)"
    }
}
