import Foundation
import Testing

@testable import Configuration

@Suite("How a handler's memory is managed")
struct MallocTests {
    private func malloc(_ lines: String) throws -> Malloc {
        try Fixture.settings("handlers: { a: { command: [cat], classes: [A], \(lines) } }").handlers[0].malloc
    }

    private func problems(_ lines: String) -> [String] {
        Fixture.problems(
            "handlers:\n  a: { command: [cat], classes: [A] }\n  b:\n    command: [cat]\n    classes: [B]\n\(lines)")
    }

    @Test("what is written counts", arguments: ["system", "jemalloc", "arenas=1", "arenas=2", "arenas=1024"])
    func written(text: String) throws {
        let malloc = try malloc("malloc: \(text)")
        #expect(malloc.text == text)
        #expect(Malloc(text) == malloc)
    }

    @Test("two arenas where several threads allocate, otherwise nothing is touched")
    func standard() throws {
        #expect(try malloc("mode: serve, threads: 2") == .arenas(2))
        #expect(try malloc("mode: serve") == .system)
        #expect(try malloc("threads: 8") == .system, "mode spawn has no threads")
        #expect(try malloc("mode: serve, threads: 2, malloc: system") == .system)
    }

    @Test("what `env` says wins over the default")
    func environment() throws {
        #expect(try malloc("mode: serve, threads: 2, env: { MALLOC_ARENA_MAX: 4 }") == .arenas(4))
        #expect(try malloc("mode: serve, threads: 2, env: { MALLOC_ARENA_MAX: many }") == .system)
        #expect(try malloc("mode: serve, threads: 2, env: { GLIBC_TUNABLES: glibc.malloc.arena_max=3 }") == .system)
        #expect(try malloc("mode: serve, threads: 2, env: { GLIBC_TUNABLES: glibc.malloc.check=3 }") == .arenas(2))
    }

    @Test(
        "two places that contradict each other are a mistake, and both are named",
        arguments: [
            ("arenas=2", "MALLOC_ARENA_MAX: 4", "MALLOC_ARENA_MAX"),
            ("arenas=2", "GLIBC_TUNABLES: glibc.malloc.arena_max=4", "GLIBC_TUNABLES"),
            ("jemalloc", "LD_PRELOAD: /usr/lib/libtcmalloc.so", "LD_PRELOAD"),
        ])
    func conflict(malloc: String, variable: String, name: String) {
        #expect(
            problems("    malloc: \(malloc)\n    env:\n      \(variable)\n") == [
                "martlet.yml:6:13: `handlers.b.malloc` is \(malloc), and `env` sets `\(name)` (line 8); keep one of them"
            ])
        #expect(problems("    malloc: system\n    env:\n      \(variable)\n") == [])
    }

    @Test("anything else is refused", arguments: ["arenas", "arenas=0", "arenas=1025", "arenas=two", "tcmalloc", "2"])
    func refused(text: String) {
        #expect(
            problems("    malloc: \(text)\n") == [
                "martlet.yml:6:13: `handlers.b.malloc` must be `system`, `jemalloc`, or `arenas=N` with N from 1 to 1024, "
                    + "not `\(text)`"
            ])
    }

    @Test("what its processes get: a variable, a library, or nothing")
    func variables() {
        #expect(Malloc.arenas(2).variables(jemalloc: nil) == ["MALLOC_ARENA_MAX": "2"])
        #expect(Malloc.jemalloc.variables(jemalloc: "/lib/x.so") == ["LD_PRELOAD": "/lib/x.so"])
        #expect(Malloc.system.variables(jemalloc: "/lib/x.so") == [:])
    }

    @Test("jemalloc that is not installed is a mistake with advice; one that is there is none")
    func missing() throws {
        let loaded = try Fixture.decode(
            Array(
                "handlers:\n  a:\n    command: [/bin/sh]\n    classes: [A]\n    directory: /\n    malloc: jemalloc\n"
                    .utf8)
        ).get()
        #expect(
            HandlerProof.problems(in: loaded.settings, places: loaded.places, effectiveUser: 0, jemalloc: nil)
                .map(\.description) == [
                    "martlet.yml:6:13: `handlers.a.malloc` is jemalloc, of which this machine has no library; install it "
                        + "(Debian: libjemalloc2), or write arenas=2"
                ])
        #expect(HandlerProof.problems(in: loaded.settings, places: nil, effectiveUser: 0, jemalloc: "/x.so") == [])
    }

    @Test("what could not be loaded into a program of this machine is no library")
    func libraries() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "martlet-library-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func objection(_ bytes: [UInt8]) throws -> String? {
            let file = directory.appending(path: "lib.so")
            try Data(bytes).write(to: file)
            return SharedLibrary.objection(to: file.path)
        }
        let head = Array(try Data(contentsOf: URL(filePath: "/proc/self/exe")).prefix(20))
        var library = head
        library.replaceSubrange(16...17, with: head[5] == 1 ? [3, 0] : [0, 3])
        #expect(try objection(library) == nil)
        var other = library
        other[18] ^= 0x40
        #expect(try objection(other) == "it is for another kind of processor")
        var program = library
        program.replaceSubrange(16...17, with: head[5] == 1 ? [2, 0] : [0, 2])
        #expect(try objection(program) == "it is no shared library")
        #expect(try objection(Array("GROUP ( libjemalloc.so.2 )".utf8)) == "it is no library (no ELF file)")
        #expect(try objection([]) == "it is no library (no ELF file)")
        #expect(SharedLibrary.objection(to: "/no/such.so") == "it cannot be read: No such file or directory")
    }
}
