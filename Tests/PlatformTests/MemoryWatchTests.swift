import Foundation
import TestSupport
import Testing

@testable import Platform

@Suite("What is seen of memory")
struct MemoryWatchTests {
    @Test("the host's memory, as /proc tells it")
    func host() throws {
        let host = try #require(MemoryWatch(from: nil).read().first)
        #expect(host.place == "the host")
        #expect(host.total > 64 << 20)
        #expect(host.available > 0 && host.available < host.total)
        let hasPressure = FileManager.default.contents(atPath: "/proc/pressure/memory")?.isEmpty == false
        #expect((host.stalledMicroseconds != nil) == hasPressure)
    }

    @Test("a cgroup counts while it has a limit, and files that are only cached are available")
    func group() throws {
        let directory = TemporaryDirectory()
        func write(_ text: String, to name: String) throws {
            try text.write(toFile: "\(directory.path)/\(name)", atomically: false, encoding: .utf8)
        }
        try write("max\n", to: "memory.max")
        try write("900\n", to: "memory.current")
        try write("anon 500\nfile 300\ninactive_anon 490\ninactive_file 200\nactive_file 90\n", to: "memory.stat")
        try write("some avg10=1.00 avg60=0.00 avg300=0.00 total=4711\nfull avg10=0.00 total=3\n", to: "memory.pressure")
        let watch = MemoryWatch(from: try ControlGroup(path: directory.path))
        #expect(watch.read().count == 1, "no limit")
        try write("1000\n", to: "memory.max")
        let seen = try #require(watch.read().last)
        #expect(seen.place == "the cgroup \(directory.path)")
        #expect(seen.total == 1000)
        #expect(seen.available == 100 + 290)
        #expect(seen.stalledMicroseconds == 4711)
    }

    @Test("what cannot be read says nothing")
    func garbage() {
        #expect(MemoryWatch.stalled("") == nil)
        #expect(MemoryWatch.stalled("full avg10=0.00 total=3\n") == nil)
        #expect(MemoryWatch.stalled("some avg10=0.00\n") == nil)
        #expect(KeptText.number(named: "MemTotal:", in: "MemTotals: 5 kB\nMemTotal:\n") == nil)
        #expect(KeptText.number(named: "MemTotal:", in: "MemFree: 1 kB\nMemTotal:       24 kB\n") == 24)
    }
}
