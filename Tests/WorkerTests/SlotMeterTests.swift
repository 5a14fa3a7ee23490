import Configuration
import Testing

@testable import Worker

@Suite("What a worker measures for the number of its slots")
struct SlotMeterTests {
    private func settings(_ processes: Int, connections: [String: Int], limit: Int) -> Settings {
        let handler = HandlerSettings(
            name: "h", command: ["/bin/true"], executable: "/bin/true", classes: [ClassPattern("A")], mode: .serve,
            connections: connections, directory: "/")
        return Settings(
            file: "", directory: "/", processes: processes, concurrency: 128, autoConcurrency: .concurrency,
            queues: [], handlers: [handler], pools: [PoolSetting(name: "postgres", limit: limit)])
    }

    @Test("a pool sets a ceiling: what it has, shared by the workers of the host")
    func ceiling() {
        #expect(SlotMeter.ceiling(settings(2, connections: ["postgres": 1], limit: 90)) == 45)
        #expect(SlotMeter.ceiling(settings(2, connections: ["postgres": 3], limit: 90)) == 15)
        #expect(SlotMeter.ceiling(settings(4, connections: ["postgres": 1], limit: 3)) == 1)
        #expect(SlotMeter.ceiling(settings(1, connections: [:], limit: 90)) == nil)
        #expect(SlotMeter.ceiling(settings(1, connections: ["other": 1], limit: 90)) == nil)
    }

    @Test("a fixed number is not measured")
    func fixed() {
        var settings = settings(1, connections: [:], limit: 1)
        #expect(SlotMeter(settings) != nil)
        settings.autoConcurrency = nil
        #expect(SlotMeter(settings) == nil)
    }
}
