/// Connections that a server shared by all hosts gives to all of them together.
package struct PoolSetting: Codable, Equatable, Sendable {
    /// Letters, digits, `_`, `-` and `.`, at most 64.
    package var name: String
    package var limit: Int

    package init(name: String, limit: Int) {
        self.name = name
        self.limit = limit
    }
}
