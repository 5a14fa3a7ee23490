/// What is watched of memory.
package struct MemorySettings: Codable, Equatable, Sendable {
    /// From which share of time on, 0...1, in which some task waits for memory ...
    package var pressure: Double
    /// ... and up to which share of memory, 0...1, that is available, nothing is fetched; 0 for no back-pressure.
    package var available: Double

    package init(pressure: Double = 0.1, available: Double = 0.1) {
        self.pressure = pressure
        self.available = available
    }
}
