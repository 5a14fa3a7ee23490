import Glibc
import Platform
import Testing

/// A deadline no healthy machine misses and no broken test waits for long.
func soon() -> MonotonicTime { .now().advanced(bySeconds: 20) }

/// Starts a shell command in a group of its own with a usual PATH.
func shell(_ script: String, _ adjust: (inout ProcessSpec) -> Void = { _ in }) throws -> ChildProcess {
    var spec = ProcessSpec(
        executable: "/bin/sh", arguments: ["sh", "-c", script], environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
    adjust(&spec)
    return try spec.spawn()
}

/// Kills a child with its group and takes its report. Every test must end what it started: a zombie nobody waits for
/// keeps Swift Testing from seeing that the processes of exit tests have ended.
func end(_ child: ChildProcess) {
    child.signalGroup(.kill)
    child.signal(.kill)
    #expect(child.wait(until: soon()) != nil)
}

/// Runs a shell command to its end, which must be a success, and answers what it wrote to its standard output.
func output(of script: String, _ adjust: (inout ProcessSpec) -> Void = { _ in }) throws -> String {
    let out = try FileDescriptor.pipe()
    let child = try shell(script) { spec in
        spec.descriptors = [(1, out.write.raw), (2, 2)]
        adjust(&spec)
    }
    #expect(child.wait(until: soon())?.status == .exited(0))
    return try text(of: out)
}

/// Closes our writing end and reads the rest.
func text(of pipe: consuming FileDescriptor.Pipe) throws -> String {
    let read = pipe.read
    _ = consume pipe.write
    return String(decoding: try read.readAll(), as: UTF8.self)
}

/// Waits until a named condition holds, asking every millisecond, and records its absence as a failure.
func eventually(_ what: String, _ isTrue: () throws -> Bool) throws {
    let deadline = soon()
    while try !isTrue() {
        try #require(MonotonicTime.now() < deadline, "never: \(what)")
        usleep(1000)
    }
}

/// Fills a pipe to the brim, as a reader that stopped reading leaves it; answers how many bytes that took.
func fill(_ end: borrowing FileDescriptor) throws -> Int {
    try end.setNonBlocking(true)
    var total = 0
    // Whole pages first, then the rest byte by byte.
    for size in [4096, 1] {
        let block = [UInt8](repeating: UInt8(ascii: "#"), count: size)
        while case .bytes(let count) = block.withUnsafeBytes({ end.write($0) }) { total += count }
    }
    try end.setNonBlocking(false)
    return total
}

/// Reads exactly so many bytes of a blocking descriptor.
func read(_ count: Int, from end: borrowing FileDescriptor) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
        let part = [UInt8](unsafeUninitializedCapacity: count - bytes.count) { buffer, filled in
            if case .bytes(let read) = end.read(into: UnsafeMutableRawBufferPointer(buffer)) { filled = read }
        }
        try #require(!part.isEmpty)
        bytes += part
    }
    return bytes
}

/// Whether a process is there and not only waiting to be reaped.
func isAlive(_ pid: Int32) -> Bool { ProcessEntry(pid: pid).map { !$0.isZombie } ?? false }
