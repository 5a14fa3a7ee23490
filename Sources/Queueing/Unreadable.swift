internal import Redis

extension RedisError {
    /// An answer that is not what the script gives: another program's script or server. What happened is unknown.
    static func unreadable(_ script: String) -> RedisError {
        .lost("the answer to \(script) is not one this program understands")
    }
}
