import Glibc
import Platform
import Testing

@Suite("Starting a program")
struct ProcessSpecTests {
    @Test("a child has exactly the descriptors it was given")
    func descriptors() throws {
        // More descriptors of ours than the child is to see, one of them not close-on-exec.
        let leak = dup(2)
        defer { close(leak) }
        let file = try FileDescriptor.memory("settings", containing: Array("hello".utf8))
        let other = try FileDescriptor.memory("other", containing: [])
        let listing = try output(of: "ls /proc/self/fd; cat <&7") { spec in
            spec.descriptors += [(7, file.raw), (4, other.raw)]
        }
        // 3 is the directory ls has opened itself.
        #expect(listing == "0\n1\n2\n3\n4\n7\nhello")
    }

    @Test("descriptors may trade places")
    func swapped() throws {
        let out = try FileDescriptor.pipe()
        let one = try FileDescriptor.memory("one", containing: Array("one".utf8))
        let two = try FileDescriptor.memory("two", containing: Array("two".utf8))
        let child = try shell("cat /proc/self/fd/\(two.raw) /proc/self/fd/\(one.raw)") { spec in
            spec.descriptors = [(1, out.write.raw), (one.raw, two.raw), (two.raw, one.raw)]
        }
        #expect(child.wait(until: soon())?.status == .exited(0))
        #expect(try text(of: out) == "onetwo")
    }

    @Test("what is not given of 0, 1 and 2 is /dev/null")
    func standardDescriptors() throws {
        let out = try FileDescriptor.pipe()
        let child = try shell("readlink /proc/self/fd/0 /proc/self/fd/1 >&5") { spec in
            spec.descriptors = [(5, out.write.raw)]
        }
        #expect(child.wait(until: soon())?.status == .exited(0))
        let links = try text(of: out)
        #expect(links.hasPrefix("/dev/null\npipe:"))
    }

    @Test("a child's environment is what it was given, in that order")
    func environment() throws {
        let given = ["B=2", "A=", "PATH=/usr/bin:/bin", "WORD=two words=x"]
        var spec = ProcessSpec(executable: "/usr/bin/env", arguments: ["env"], environment: given)
        let out = try FileDescriptor.pipe()
        spec.descriptors = [(1, out.write.raw)]
        let child = try spec.spawn()
        #expect(child.wait(until: soon())?.status == .exited(0))
        #expect(try text(of: out) == given.joined(separator: "\n") + "\n")
    }

    @Test("arguments arrive as they were given, name and empty ones included")
    func arguments() throws {
        let out = try FileDescriptor.pipe()
        let spec = ProcessSpec(
            executable: "/bin/sh", arguments: ["myname", "-c", "printf '%s|' \"$0\" \"$@\"", "zero", "", "a b", "ü"],
            descriptors: [(1, out.write.raw)])
        let child = try spec.spawn()
        #expect(child.wait(until: soon())?.status == .exited(0))
        #expect(try text(of: out) == "zero||a b|ü|")
    }
}
