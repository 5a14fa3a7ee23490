/// A job of a campaign: what it is to do, the bytes that are pushed, and what must be seen of them whenever it runs.
struct ChaosJob: Sendable {
    /// The class of a job says what its handler does; those that begin with Spawn get a process of their own.
    enum Kind: String, CaseIterable, Sendable {
        /// Done at once, or after a few milliseconds.
        case quick = "Quick"
        case sleep = "Sleep"
        /// Takes seconds.
        case long = "Long"
        /// Fails the first time.
        case flaky = "Flaky"
        /// Says that it is never to be tried again.
        case dead = "Dead"
        /// Pushes two children.
        case parent = "Parent"
        case spawnQuick = "SpawnQuick"
        case spawnFlaky = "SpawnFlaky"
        case spawnDead = "SpawnDead"
        case spawnParent = "SpawnParent"

        /// How many of a thousand jobs are of this kind.
        var share: Int {
            switch self {
            case .quick: 740
            case .sleep: 150
            case .long: 4
            case .flaky: 20
            case .dead: 3
            case .parent: 20
            case .spawnQuick: 50
            case .spawnFlaky: 5
            case .spawnDead: 3
            case .spawnParent: 5
            }
        }

        /// How long it takes, in milliseconds.
        var milliseconds: ClosedRange<Int> {
            switch self {
            case .sleep: 1...10
            case .long: 1500...4000
            default: 0...0
            }
        }

        var endsDead: Bool { self == .dead || self == .spawnDead }
        var children: Int { self == .parent || self == .spawnParent ? 2 : 0 }
    }

    let name: JobName
    let kind: Kind
    let queue: String
    /// When a scheduled one is due, in seconds since 1970.
    let due: Double?
    let payload: [UInt8]
    let fingerprint: UInt64

    init(_ name: JobName, _ kind: Kind, milliseconds: Int, queue: String, due: Double? = nil) {
        self.name = name
        self.kind = kind
        self.queue = queue
        self.due = due
        // Values that whoever decodes and encodes would change.
        let kept = Self.span("[\(milliseconds),1.10,-0,12345678901234567890,1e400,\"caf\\u00e9 é\"]", name)
        let head = #"{"retry":true,"class":"\#(kind.rawValue)","queue":"\#(queue)","#
        payload = Array((head + kept + #""end":0,"created_at":1763791200000,"enqueued_at":1763791200000}"#).utf8)
        fingerprint = Self.fingerprint(kept)
    }

    /// What handlers see of the children they push, as `ChaosPrograms` writes them.
    static func childFingerprint(_ name: JobName) -> UInt64 {
        fingerprint("\"args\":[0,\"child\"],\"jid\":\"\(name)\",")
    }

    private static func span(_ arguments: String, _ name: JobName) -> String {
        #""args":\#(arguments),"jid":"\#(name)","keep":{"z":[ 1 , 2 ],"a":null},"#
    }

    /// FNV-1a with 64 bits: against accidents, not against malice.
    static func fingerprint(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
