/// What is watched of memory.
package struct MemorySettings: Codable, Equatable, Sendable {
    /// From which share of time on, 0...1, in which some task waits for memory ...
    package var pressure: Double
    /// ... and up to which share of memory, 0...1, that is available, nothing is fetched; 0 for no back-pressure.
    package var available: Double
    /// A run after which a process keeps so many bytes more than before ...
    package var cliff: Int
    /// ... and by so large a share more, is a cliff. 0.25: a quarter.
    package var cliffShare: Double
    /// Bytes a minute by which a process grows that are told while a run goes on.
    package var growth: Int

    package init(
        pressure: Double = 0.1, available: Double = 0.1, cliff: Int = 64 << 20, cliffShare: Double = 0.25,
        growth: Int = 10 << 20
    ) {
        self.pressure = pressure
        self.available = available
        self.cliff = cliff
        self.cliffShare = cliffShare
        self.growth = growth
    }
}
