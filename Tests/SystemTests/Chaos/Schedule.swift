import TestSupport

/// What is done when: drawn from a seed before anything begins, so that a seed tells a campaign.
struct Schedule: Sendable {
    struct Entry: Sendable {
        /// Seconds after the begin.
        let at: Double
        let deed: Deed
    }

    private(set) var entries: [Entry] = []

    /// - Parameters:
    ///   - seconds: how long deeds are done.
    ///   - hasSecondHost: without it all happens on the first.
    init(seed: UInt64, seconds: Double, hasSecondHost: Bool) {
        var random = SeededRandom(seed: seed)
        // Slower in a long run: a worker that dies five times in ten seconds is started again with a delay.
        let pause = 0.1...(seconds < 60 ? 0.7 : 1.9)
        var at = 1.0
        // A host that is gone is found by its leases, and it is to be measured how soon. So the first host and Redis are
        // spared deeds that end a connection meanwhile: after each of them nobody is judged by his lease for a while.
        var sparedUntil = 0.0
        var hostIsBackAt = 0.0
        while at < seconds {
            var deed = Self.draw(&random, isLong: seconds >= 120)
            switch deed {
            case .killHost(.b, let backAfter):
                if !hasSecondHost || at < hostIsBackAt {
                    deed = .killWorker(.a, victim: Int.random(in: 0..<100, using: &random))
                } else {
                    hostIsBackAt = at + backAfter + 20
                    // One time in four nobody is spared.
                    if Int.random(in: 0..<4, using: &random) > 0 { sparedUntil = at + backAfter }
                }
            default: break
            }
            if !hasSecondHost { deed = deed.onFirstHost }
            if at >= sparedUntil || !deed.endsConnectionsOfFirstHost { entries.append(Entry(at: at, deed: deed)) }
            at += Double.random(in: pause, using: &random)
        }
    }

    private static func draw(_ random: inout SeededRandom, isLong: Bool) -> Deed {
        func among(_ range: ClosedRange<Double>) -> Double {
            (Double.random(in: range, using: &random) * 100).rounded() / 100
        }
        let host: Deed.HostName = Int.random(in: 0..<5, using: &random) < 3 ? .a : .b
        let victim = Int.random(in: 0..<1000, using: &random)
        switch Int.random(in: 0..<200, using: &random) {
        case 0..<60: return .killWorker(host, victim: victim)
        case 60..<78: return .killHandler(host, victim: victim)
        case 78..<84: return .killScheduler(host)
        case 84..<88: return .killSupervisor(host, backAfter: among(0.2...1.5))
        case 88..<91: return .killHost(.a, backAfter: among(0.1...1))
        case 91..<95: return .killHost(.b, backAfter: isLong ? among(32...45) : among(0.1...1))
        case 95..<100: return .killRedis(backAfter: among(0...1.5))
        case 100..<112: return .freezeWorker(host, victim: victim, seconds: among(0.05...3))
        case 112..<115: return .freezeWorker(host, victim: victim, seconds: isLong ? among(24...40) : among(3...5))
        case 115..<118: return .freezeScheduler(host, seconds: among(0.1...5))
        case 118..<132: return .cutConnections(host)
        case 132..<138: return .killClients
        case 138..<142: return .refuseConnections(host, seconds: among(0.1...2.5))
        case 142..<146: return .slowConnections(host, latency: among(0.005...0.2), seconds: among(0.2...3))
        case 146..<172:
            let commands = ["exchange", "exchange", "exchange", "beat", "beat", "promote", "rescue", "HKEYS", "*"]
            let command = commands[victim % commands.count]
            let spoilings = Deed.Spoiling.allCases
            return .spoil(host, command: command, spoilings[Int.random(in: 0..<spoilings.count, using: &random)])
        case 172..<177: return .forgetScripts
        case 177..<181: return .stop(host, .term)
        case 181..<184: return .stop(host, .termTwice)
        case 184..<187: return .stop(host, .termThenKill)
        case 187..<191: return .reload(host)
        default:
            let jumps: [Double] = [3600, -3600, 90, -90, 1, -1, 0]
            return .moveClock(host, seconds: jumps[victim % jumps.count])
        }
    }
}

extension Deed {
    /// Where there is but one host.
    var onFirstHost: Deed {
        switch self {
        case .killWorker(_, let victim): .killWorker(.a, victim: victim)
        case .killHandler(_, let victim): .killHandler(.a, victim: victim)
        case .killScheduler: .killScheduler(.a)
        case .killSupervisor(_, let back): .killSupervisor(.a, backAfter: back)
        case .killHost(_, let back): .killHost(.a, backAfter: min(back, 2))
        case .freezeWorker(_, let victim, let seconds): .freezeWorker(.a, victim: victim, seconds: seconds)
        case .freezeScheduler(_, let seconds): .freezeScheduler(.a, seconds: seconds)
        case .cutConnections: .cutConnections(.a)
        case .refuseConnections(_, let seconds): .refuseConnections(.a, seconds: seconds)
        case .slowConnections(_, let latency, let seconds): .slowConnections(.a, latency: latency, seconds: seconds)
        case .spoil(_, let command, let spoiling): .spoil(.a, command: command, spoiling)
        case .stop(_, let manner): .stop(.a, manner)
        case .reload: .reload(.a)
        case .moveClock(_, let seconds): .moveClock(.a, seconds: seconds)
        case .killRedis, .killClients, .forgetScripts: self
        }
    }

    /// Whether the first host's scheduler may need a new connection to Redis afterwards, or is not there for a while.
    var endsConnectionsOfFirstHost: Bool {
        switch self {
        case .killRedis, .killClients: true
        case .killScheduler(.a), .killSupervisor(.a, _), .killHost(.a, _), .freezeScheduler(.a, _), .cutConnections(.a),
            .refuseConnections(.a, _), .slowConnections(.a, _, _), .spoil(.a, _, _), .stop(.a, _), .reload(.a):
            true
        // One that comes back from a long stop on the other host is another matter.
        default: false
        }
    }
}
