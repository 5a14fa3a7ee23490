import Foundation

/// Where Redis is, and as whom to speak to it.
struct Address: Sendable {
    enum Place {
        case tcp(host: String, port: Int)
        /// At most 107 bytes.
        case unix(path: String)
    }

    let place: Place
    let user: String?
    let password: String?
    let database: Int

    /// - Throws: a `Failure` that does not show the URL, since there may be a password in it.
    init(_ url: String) throws {
        func refuse(_ message: String) -> Failure { Failure("ArgumentError", "the URL of Redis: \(message)") }
        guard let parts = URLComponents(string: url), parts.fragment == nil else {
            throw refuse("it is none; in user and password, percent-encode what is no letter or digit")
        }
        (user, password) = (Self.some(parts.user), Self.some(parts.password))
        if user != nil, password == nil { throw refuse("a user needs a password") }
        var database = parts.queryItems?.first { $0.name == "db" }?.value
        switch parts.scheme {
        case "redis":
            let host = Self.some(parts.host)?.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
            place = .tcp(host: host ?? "127.0.0.1", port: parts.port ?? 6379)
            database = Self.some(parts.path.trimmingCharacters(in: CharacterSet(charactersIn: "/"))) ?? database
        case "unix":
            guard Self.some(parts.host) == nil, 2...107 ~= parts.path.utf8.count else {
                throw refuse("unix:// takes a path of at most 107 bytes: unix:///run/redis.sock")
            }
            place = .unix(path: parts.path)
        case "rediss":
            throw refuse("the Swift kit has no TLS; go through a tunnel such as stunnel, or push with `martlet push`")
        default:
            throw refuse("it begins with redis:// or unix://")
        }
        guard let number = Int(database ?? "0"), number >= 0 else { throw refuse("the database is a number") }
        self.database = number
    }

    private static func some(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}
