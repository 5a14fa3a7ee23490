import Glibc
import Platform
import Testing

@Suite("Files and descriptors")
struct FileTests {
    @Test("a descriptor is closed exactly once, unless it was given away")
    func ownership() throws {
        var number: Int32 = -1
        do {
            let file = try FileDescriptor.open("/etc/passwd", O_RDONLY)
            number = fcntl(file.raw, F_DUPFD_CLOEXEC, 700)
            _ = FileDescriptor(number)
        }
        #expect(fcntl(number, F_GETFD) == -1)
        let released = try FileDescriptor.open("/etc/passwd", O_RDONLY).release()
        #expect(fcntl(released, F_GETFD) == FD_CLOEXEC)
        #expect(close(released) == 0)
    }

    @Test("a missing file is named in the error")
    func missing() throws {
        let error = #expect(throws: SystemError.self) { _ = try FileDescriptor.open("/no/such/file", O_RDONLY) }
        #expect(error?.description == "cannot open /no/such/file: No such file or directory")
    }

    @Test("a memory file is read from its start")
    func memory() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try FileDescriptor.memory("settings", containing: bytes).readAll() == bytes)
    }

    @Test("an empty non-blocking pipe would block, a closed one is at its end")
    func pipeEnds() throws {
        let pipe = try FileDescriptor.pipe()
        let read = pipe.read
        try read.setNonBlocking(true)
        var byte: UInt8 = 0
        #expect(withUnsafeMutableBytes(of: &byte) { read.read(into: $0) } == .wouldBlock)
        _ = consume pipe.write
        #expect(withUnsafeMutableBytes(of: &byte) { read.read(into: $0) } == .end)
    }

    @Test("only one holds a lock, a child that was given it counts, and the end of the last one frees it")
    func lock() throws {
        let path = "/tmp/martlet-lock-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { unlink(path) }
        var child: ChildProcess?
        do {
            guard let lock = try FileLock.take(path) else {
                Issue.record("a new lock is free")
                return
            }
            #expect(try isHeld(path))
            child = try shell("exec sleep 100") { $0.descriptors = [(5, lock.raw)] }
        }
        #expect(try isHeld(path))
        child?.signalGroup(.kill)
        _ = child?.wait(until: soon())
        // Eventually: a program that another test is just starting has a copy of every descriptor until it runs.
        try eventually("the lock is free") { try !isHeld(path) }
    }

    private func isHeld(_ path: String) throws -> Bool {
        guard let lock = try FileLock.take(path) else { return true }
        _ = consume lock
        return false
    }

    @Test("programs are found as a shell finds them")
    func executables() {
        #expect(Executable.find("sh", inPath: "/no/such/directory::/usr/bin/:/bin") == "/usr/bin/sh")
        #expect(Executable.find("sh", inPath: "bin:.") == nil)
        #expect(Executable.find("/bin/sh", inPath: "") == "/bin/sh")
        #expect(Executable.find("/etc/passwd", inPath: "/etc") == nil)
        #expect(Executable.find("bin", inPath: "/usr") == nil)
        #expect(Executable.find("", inPath: "/usr") == nil)
    }

    @Test(
        "base64 is that of RFC 4648",
        arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64(text: String, code: String) { #expect(Base64.encode(Array(text.utf8)) == code) }

    @Test("other programs can read what was compressed")
    func zlib() throws {
        let original = String(repeating: "app/jobs/report_job.rb:12:in `perform'\n", count: 500)
        let packed = Zlib.compress(Array(original.utf8))
        #expect(packed.count < original.utf8.count / 20)
        // gzip reads the same deflate stream behind another head: 2 bytes of ours, 10 of its own. It misses the tail of
        // its own format afterwards and says so, having written everything.
        let stream = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + packed.dropFirst(2)
        let file = try FileDescriptor.memory("packed", containing: stream)
        #expect(try output(of: "gzip -dc 2>/dev/null; true") { $0.descriptors.append((0, file.raw)) } == original)
    }

    @Test("base64 of random bytes is what the base64 program makes of them")
    func base64Program() throws {
        let bytes = (0..<1000).map { _ in UInt8.random(in: 0...255) }
        let file = try FileDescriptor.memory("bytes", containing: bytes)
        #expect(try output(of: "base64 -w0") { $0.descriptors.append((0, file.raw)) } == Base64.encode(bytes))
    }
}
