import Glibc

/// Reads where Redis is. Messages never repeat a user or a password.
enum RedisURL {
    static func parse(_ text: String) throws(Mistake) -> RedisSettings { try parse(text, needsHost: true) }

    /// - Parameter needsHost: false where sentinels name the host; without one it is then the empty text.
    static func parse(_ text: String, needsHost: Bool) throws(Mistake) -> RedisSettings {
        if text == "embedded" { return .embedded }
        guard let (scheme, rest) = split(text, at: "://") else { throw unusable(text) }
        switch scheme {
        case "redis": return .server(try tcp(rest, needsHost: needsHost))
        case "unix": return .server(try unix(rest))
        case "rediss":
            var endpoint = try tcp(rest, needsHost: needsHost)
            endpoint.tls = RedisTLS()
            return .server(endpoint)
        case "sentinel", "redis+sentinel", "redis-sentinel":
            throw Mistake(
                "names sentinels; they are listed in the file: redis: {url: \"redis:///0\", sentinels: [HOST:PORT], "
                    + "master: NAME}")
        default:
            throw Mistake(
                "has the unknown scheme \(quoted(scheme)); use redis://, rediss:// or unix://, or the word `embedded`")
        }
    }

    /// Reads HOST or HOST:PORT of a sentinel, whose port is 26379 unless it says otherwise.
    static func sentinel(_ text: String) throws(Mistake) -> RedisSentinels.Address {
        guard !text.contains("/"), !text.contains("@") else {
            throw Mistake("must hold HOST:PORT, not a URL; a user is `sentinel_username`")
        }
        guard case .tcp(let host, let port) = try hostAndPort(text, standardPort: 26_379) else {
            preconditionFailure("a host and a port are TCP's")
        }
        return RedisSentinels.Address(host: host, port: port)
    }

    private static func tcp(_ rest: String, needsHost: Bool) throws(Mistake) -> RedisEndpoint {
        let (address, query) = split(rest, at: "?") ?? (rest, "")
        let (authority, path) = split(address, at: "/") ?? (address, "")
        try refuseBareReservedCharacters(authority: authority, rest: rest)
        var endpoint = RedisEndpoint(database: try database(path: path, query: query))
        let host = try credentials(authority, into: &endpoint)
        endpoint.transport =
            host.isEmpty && !needsHost ? .tcp(host: "", port: standardPort) : try hostAndPort(host)
        return endpoint
    }

    private static func unix(_ rest: String) throws(Mistake) -> RedisEndpoint {
        let (address, query) = split(rest, at: "?") ?? (rest, "")
        var endpoint = RedisEndpoint(database: try database(path: "", query: query))
        let authority = String(address.prefix { $0 != "/" })
        try refuseBareReservedCharacters(authority: authority, rest: rest)
        let host = try credentials(authority, into: &endpoint)
        let path = try decoded(String(address.dropFirst(authority.count)))
        guard host.isEmpty, path.count > 1 else {
            throw Mistake("must name a socket by its whole path, with three slashes: unix:///run/redis.sock")
        }
        // sun_path has 108 bytes with the NUL at its end, see unix(7).
        guard path.utf8.count <= 107 else { throw Mistake("names a socket whose path is longer than 107 bytes") }
        guard !path.utf8.contains(0) else { throw Mistake("names a socket whose path holds a NUL") }
        endpoint.transport = .unix(path: path)
        return endpoint
    }

    /// Takes `user:password@` off the front and returns what follows.
    private static func credentials(_ authority: String, into endpoint: inout RedisEndpoint) throws(Mistake) -> String {
        guard let at = authority.lastIndex(of: "@") else { return authority }
        let host = String(authority[authority.index(after: at)...])
        let (user, password) = split(String(authority[..<at]), at: ":") ?? (String(authority[..<at]), "")
        if user.isEmpty, password.isEmpty { return host }
        guard !password.isEmpty else {
            throw Mistake("names a user without a password; write USER:PASSWORD@, or :PASSWORD@ for a password alone")
        }
        endpoint.username = user.isEmpty ? nil : try decoded(user)
        endpoint.password = try decoded(password)
        return host
    }

    /// Redis's own.
    static let standardPort = 6379

    private static func hostAndPort(
        _ text: String, standardPort: Int = standardPort
    ) throws(Mistake) -> RedisEndpoint.Transport {
        var host = text
        var port = ""
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = String(text[text.index(after: text.startIndex)..<end])
            var address = in6_addr()
            guard inet_pton(AF_INET6, host, &address) == 1 else {
                throw Mistake("holds \(quoted(host)) in brackets, which is no IPv6 address")
            }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw Mistake("needs `:PORT` or `/` after the `]`") }
            port = String(rest.dropFirst())
        } else {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 2 else {
                throw Mistake("must have an IPv6 address in brackets, as in redis://[::1]:6379/0")
            }
            host = parts[0]
            port = parts.count == 2 ? parts[1] : ""
            let isName = host.utf8.allSatisfy { isalnum(Int32($0)) != 0 && $0 < 128 || "._-".utf8.contains($0) }
            guard !host.isEmpty else { throw Mistake("names no host; write redis://HOST:PORT/DATABASE") }
            guard isName else { throw Mistake("holds \(quoted(host)), which is no host name") }
        }
        if port.isEmpty { return .tcp(host: host, port: standardPort) }
        guard let number = Quantity.integer(port), (1...65_535).contains(number) else {
            throw Mistake("must have a port from 1 to 65535, not \(quoted(port))")
        }
        return .tcp(host: host, port: number)
    }

    private static func database(path: String, query: String) throws(Mistake) -> Int {
        var text = path.hasSuffix("/") ? String(path.dropLast()) : path
        for parameter in query.split(separator: "&") {
            let (name, value) = split(String(parameter), at: "=") ?? (String(parameter), "")
            guard name == "db" else { throw Mistake("has the unknown parameter \(quoted(name)); only `db` is known") }
            guard text.isEmpty || text == value else { throw Mistake("names two databases; keep one") }
            text = value
            if text.isEmpty { throw Mistake("has `db` without a number, as in ?db=2") }
        }
        if text.isEmpty { return 0 }
        // Redis's own limit is the `databases` it was started with; an int holds at most this.
        guard let number = Quantity.integer(text), (0...Int(Int32.max)).contains(number) else {
            throw Mistake("must have a database number from 0, not \(quoted(text))")
        }
        return number
    }

    /// A `/`, `?` or `#` in a password ends the authority early and would show the password in the next message.
    private static func refuseBareReservedCharacters(authority: String, rest: String) throws(Mistake) {
        if !authority.contains("@"), rest.contains("@") {
            throw Mistake("has a `/` or `?` in its user or password; percent-encode it (%2F, %3F)")
        }
        if rest.contains("#") { throw Mistake("has a `#`; within a password percent-encode it (%23)") }
    }

    private static func decoded(_ text: String) throws(Mistake) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
                throw Mistake("has a `%` that is not followed by two hexadecimal digits; a `%` itself is written %25")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Mistake("is not UTF-8 once its percent-encoding is undone")
        }
        return text
    }

    private static func unusable(_ text: String) -> Mistake {
        let expectation = "must be \(Schema.redis.expectation)"
        if text.contains("<%") { return Schema.redis.refusal(of: "<%") }
        // What holds an @ may hold a password.
        if text.contains("@") { return Mistake("\(expectation); does it lack redis:// at its front?") }
        if text.hasPrefix("/") { return Mistake("\(expectation); did you mean unix://\(text)?") }
        if text.hasPrefix("unix:/") { return Mistake("\(expectation); did you mean unix://\(text.dropFirst(5))?") }
        if let near = Suggestion.nearest(to: text, among: ["embedded"]) {
            return Mistake("\(expectation); did you mean `\(near)`?")
        }
        if text.contains(":") || text.contains(".") || text == "localhost" {
            return Mistake("\(expectation); did you mean redis://\(text)?")
        }
        return Mistake("\(expectation), not \(quoted(text))")
    }

    private static func split(_ text: String, at separator: String) -> (String, String)? {
        guard let range = text.firstRange(of: separator) else { return nil }
        return (String(text[..<range.lowerBound]), String(text[range.upperBound...]))
    }
}
