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
