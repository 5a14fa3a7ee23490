/// How the C library of a handler's processes manages memory. Programs that bring an allocator of their own (Go, the JVM) and
/// those that are linked statically are not concerned.
package enum Malloc: Equatable, Hashable, Sendable {
    /// As the program has it.
    case system
    /// glibc's, with so many arenas: MALLOC_ARENA_MAX of mallopt(3).
    case arenas(Int)
    /// jemalloc in its place: LD_PRELOAD of ld.so(8).
    case jemalloc

    static let variable = "MALLOC_ARENA_MAX"
    static let preload = "LD_PRELOAD"
    /// More arenas than that keep nobody apart any more.
    static let arenaRange = 1...1024

    /// As the configuration writes it: "arenas=2".
    package var text: String {
        switch self {
        case .system: "system"
        case .arenas(let count): "arenas=\(count)"
        case .jemalloc: "jemalloc"
        }
    }

    /// Nil for a text that is none.
    package init?(_ text: String) {
        switch text {
        case "system": self = .system
        case "jemalloc": self = .jemalloc
        default:
            guard text.hasPrefix("arenas="), let count = Quantity.integer(String(text.dropFirst(7))),
                Self.arenaRange.contains(count)
            else { return nil }
            self = .arenas(count)
        }
    }

    /// What holds without the key. Where several threads allocate, glibc makes up to eight arenas a core, and each keeps what was
    /// freed in it; a program with one thread uses one anyway.
    ///
    /// - Parameter environment: the handler's `env`, which may say something itself.
    static func standard(threads: Int, environment: [String: String]) -> Malloc {
        if let written = environment[variable] { return Malloc("arenas=\(written)") ?? .system }
        return threads > 1 && !tunesArenas(environment) ? .arenas(2) : .system
    }

    /// The variable in a handler's `env` that says something else; nil if there is none.
    func conflict(with environment: [String: String]) -> String? {
        switch self {
        case .system: return nil
        case .jemalloc: return environment[Self.preload] == nil ? nil : Self.preload
        case .arenas:
            if environment[Self.variable] != nil { return Self.variable }
            return Self.tunesArenas(environment) ? Self.tunables : nil
        }
    }

    /// What a handler's processes get beside its `env`, which wins.
    ///
    /// - Parameter jemalloc: the path of its library.
    package func variables(jemalloc: String?) -> [String: String] {
        switch self {
        case .system: [:]
        case .arenas(let count): [Self.variable: String(count)]
        case .jemalloc: jemalloc.map { [Self.preload: $0] } ?? [:]
        }
    }

    private static let tunables = "GLIBC_TUNABLES"

    private static func tunesArenas(_ environment: [String: String]) -> Bool {
        environment[tunables]?.contains("glibc.malloc.arena_max") ?? false
    }
}

extension Malloc: Codable {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.singleValueContainer()
        let text = try values.decode(String.self)
        guard let malloc = Malloc(text) else {
            throw DecodingError.dataCorruptedError(in: values, debugDescription: "no malloc: \(text)")
        }
        self = malloc
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.singleValueContainer()
        try values.encode(text)
    }
}
