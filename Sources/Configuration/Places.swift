/// Where in the file the things stand that are proved later, outside the file.
package struct Places: Equatable, Sendable {
    /// Where one handler's settings stand.
    package struct Handler: Equatable, Sendable {
        /// The handler's name.
        package var name: Place
        /// The first word of `command`.
        package var command: Place?
        package var directory: Place?
        package var user: Place?
        package var group: Place?
        package var nice: Place?
        package var malloc: Place?
    }

    /// The file as the user named it.
    package var file: String
    /// The value of `redis`; nil when it came from a default or an override.
    package var redis: Place?
    /// By handler name.
    package var handlers: [String: Handler] = [:]

    /// By name of the pool: its line in `pools`.
    package var pools: [String: Place] = [:]

    package init(file: String) { self.file = file }
}
