import Foundation
package import Redis

/// The access list that is shipped, and servers that have it.
package enum AccessList {
    /// The lines of config/martlet.acl, in words: "user", the name, rules.
    package static var lines: [[String]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        guard let text = try? String(contentsOf: root.appending(path: "config/martlet.acl"), encoding: .utf8) else {
            preconditionFailure("config/martlet.acl is part of the source")
        }
        return text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    /// The rules of a user.
    package static func rules(of user: String) -> [String] {
        lines.first { $0.prefix(2) == ["user", user] }.map { Array($0.dropFirst(2)) } ?? []
    }
}

extension RedisServer {
    /// Lets in a user of the shipped access list, with a password.
    ///
    /// - Parameter moreRules: on top of what is shipped.
    /// - Returns: the endpoint to be this user with.
    package func admit(_ user: String = "martlet", moreRules: [String] = []) throws -> RedisEndpoint {
        let rules = AccessList.rules(of: user) + [">secret"] + moreRules
        _ = try connect().call(RedisCommand(["ACL", "SETUSER", user] + rules)).accepted()
        var endpoint = endpoint
        endpoint.username = user
        endpoint.password = "secret"
        return endpoint
    }

    /// What was refused to any user: reason, context and object of each entry of ACL LOG.
    package func denials() throws -> [String] {
        try connect().call(RedisCommand(["ACL", "LOG"])).accepted().elements?.compactMap { entry in
            let fields = entry.pairs ?? []
            func field(_ name: String) -> String { fields.first { $0.name.text == name }?.value.text ?? "" }
            return "\(field("username")): \(field("reason")) \(field("object")) (\(field("context")))"
        } ?? []
    }
}
