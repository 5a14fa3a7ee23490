import Glibc

/// The servers that tests run against, as paths or as names of programs in the PATH.
package enum RedisProgram {
    private static let directories = ["/usr/local/bin", "/usr/bin"]

    /// What every test uses: `MARTLET_TEST_REDIS`, else the redis-server that is installed.
    package static let standard = variable("MARTLET_TEST_REDIS").first ?? "redis-server"

    /// Whether `standard` is Redis 7 or later, or a Valkey.
    package static let isSeven: Bool = {
        // "Redis server v=7.0.15 sha=…"
        let output = Program.run(["/usr/bin/env", standard, "--version"]).output
        let major = output.split(separator: "v=").dropFirst().first?.prefix { $0.isNumber }
        return (major.flatMap { Int($0) } ?? 0) >= 7
    }()

    /// What else is there: the paths in `MARTLET_TEST_REDIS_SERVERS`, with colons between, and programs called valkey-server,
    /// valkey-server-VERSION or redis-server-VERSION.
    package static let others: [String] = {
        var found = variable("MARTLET_TEST_REDIS_SERVERS")
        for directory in directories {
            guard let stream = opendir(directory) else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                let isServer =
                    name == "valkey-server" || name.hasPrefix("valkey-server-") || name.hasPrefix("redis-server-")
                if isServer { found.append("\(directory)/\(name)") }
            }
        }
        return found.filter { $0 != standard }
    }()

    private static func variable(_ name: String) -> [String] {
        guard let value = getenv(name) else { return [] }
        return String(cString: value).split(separator: ":").map(String.init)
    }
}
