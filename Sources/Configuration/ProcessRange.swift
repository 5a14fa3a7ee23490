/// How many processes of a handler a worker keeps: php-fpm's static (both the same), dynamic and ondemand (none at least).
package struct ProcessRange: Codable, Equatable, Sendable {
    /// So many are kept ready whether there are jobs or not; 0 to `maximum`.
    package var minimum: Int
    /// Never more, at least 1; nil for as many as the slots can use.
    package var maximum: Int?

    package init(minimum: Int = 0, maximum: Int? = nil) {
        self.minimum = minimum
        self.maximum = maximum
    }
}
