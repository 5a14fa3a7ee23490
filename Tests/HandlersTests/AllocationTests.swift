import Configuration
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("What a handler's processes are given to manage memory with")
struct AllocationTests {
    private static let jemalloc = SharedLibrary.jemalloc()

    private func printed(_ settings: HandlerSettings) throws -> [String] {
        let rig = try Rig([settings], slots: 1)
        _ = try rig.run(job(""))
        _ = rig.turn { !rig.lines.isEmpty }
        return rig.lines
    }

    @Test("arenas=N is MALLOC_ARENA_MAX, unless `env` says something else")
    func arenas() throws {
        var settings = shell("echo arenas ${MALLOC_ARENA_MAX-none}")
        #expect(try printed(settings) == ["arenas none"])
        settings.malloc = .arenas(2)
        #expect(try printed(settings) == ["arenas 2"])
        settings.environment = ["MALLOC_ARENA_MAX": "7"]
        #expect(try printed(settings) == ["arenas 7"])
    }

    @Test(
        "jemalloc is loaded into the program, spawned and serving",
        .enabled(if: jemalloc != nil, "jemalloc is not installed"))
    func loaded() throws {
        var settings = shell("grep -q libjemalloc /proc/self/maps && echo loaded")
        settings.malloc = .jemalloc
        #expect(try printed(settings) == ["loaded"])
        var serving = serve()
        serving.malloc = .jemalloc
        let rig = try Rig([serving], slots: 1)
        let pid = try #require(try rig.run(job(#""done""#)).pid)
        let maps = String(decoding: try FileDescriptor.open("/proc/\(pid)/maps", 0).readAll(), as: UTF8.self)
        #expect(maps.contains("libjemalloc"))
    }

    @Test("a handler whose jemalloc vanished since the start fails its jobs with the reason")
    func vanished() throws {
        var settings = shell("true")
        settings.malloc = .jemalloc
        let handler = Handler(
            settings, current: Credentials.current(), openFilesLimit: nil, find: { _ in nil }, jemalloc: { nil })
        #expect(handler.objection == "its malloc is jemalloc, of which this machine has no library")
    }

    @Test("limits.address_space: an allocation past it fails in the handler itself, spawned and serving")
    func addressSpace() throws {
        var settings = shell("exec python3 -c 'x = bytearray(300 << 20)'")
        #expect(try Rig([settings], slots: 1).run(job("")).outcome == .succeeded)
        settings.limits.addressSpace = 200 << 20
        let failure = try #require(try Rig([settings], slots: 1).run(job("")).outcome.failure)
        #expect(failure.errorClass == "ExitStatus")
        #expect(failure.message.hasSuffix("MemoryError"), "\(failure.message)")

        var serving = serve()
        serving.limits.addressSpace = 400 << 20
        let rig = try Rig([serving], slots: 1)
        let first = try rig.run(job(#""done""#))
        #expect(first.outcome == .succeeded)
        #expect(try rig.run(job(#""eat",1000"#)).outcome.failure?.message.contains("MemoryError") == true)
    }
}
