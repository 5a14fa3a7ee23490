import Glibc
import Platform
import Testing

@Suite("What the supervisor and its children tell each other")
struct ControlChannelTests {
    private static let messages: [ControlMessage] = [
        .ready, .progress, .identity("host:4711:ab12"),
        .figures(busy: 3, slots: 10, processed: 123_456, failed: 7, note: "3 of 10 slots  busy"),
        .figures(busy: 0, slots: 0, processed: 0, failed: 0, note: ""), .slow(2),
        .refused(exitCode: 78, reason: "no Redis here"),
        .dead(identity: "host:4712:cd34"), .retire,
        .dead(
            identity: "host:4712:cd34", WorkerDeath(how: "killed by SIGKILL, peak memory 9 MB", running: [3, 1 << 53])),
        .dead(identity: "host:4712:cd34", WorkerDeath(how: "killed by SIGKILL", running: [])),
        .dead(
            identity: "host:4712:cd34",
            WorkerDeath(how: "killed by SIGSEGV", running: (0..<1000).map { 1 << 53 - $0 })),
    ]

    @Test("every message survives its text form", arguments: messages)
    func roundTrip(message: ControlMessage) { #expect(ControlMessage(decoding: message.encoded) == message) }

    @Test(
        "a message that is not understood is none",
        arguments: ["", "nonsense", "figures 1 2", "figures a b c d e", "refused x y", "READY"])
    func unknown(text: String) { #expect(ControlMessage(decoding: Array(text.utf8)) == nil) }

    private func channels() throws -> (ControlChannel, ControlChannel) {
        let pair = try FileDescriptor.socketPair()
        return (ControlChannel(adopting: pair.ours), ControlChannel(adopting: pair.theirs))
    }

    @Test("messages arrive one by one, in order, both ways")
    func order() throws {
        let (parent, child) = try channels()
        #expect(parent.receive() == .none)
        for message in Self.messages { #expect(child.send(message)) }
        for message in Self.messages { #expect(parent.receive() == .message(message)) }
        #expect(parent.receive() == .none)
        #expect(parent.send(.retire))
        #expect(child.receive() == .message(.retire))
    }

    @Test("the end of one side is seen by the other, after its last words")
    func end() throws {
        let pair = try FileDescriptor.socketPair()
        let parent = ControlChannel(adopting: pair.ours)
        do {
            let child = ControlChannel(adopting: pair.theirs)
            child.send(.refused(exitCode: 78, reason: "last words"))
        }
        #expect(parent.receive() == .message(.refused(exitCode: 78, reason: "last words")))
        #expect(parent.receive() == .closed)
        // EPIPE as an answer, not as a signal.
        #expect(!parent.send(.retire))
    }

    @Test("a side that does not read never makes the other wait")
    func full() throws {
        let (parent, child) = try channels()
        var sent = 0
        while child.send(.progress), sent < 1_000_000 { sent += 1 }
        #expect(sent > 10 && sent < 1_000_000)
        #expect(parent.receive() == .message(.progress))
    }

    @Test("a message too long for a datagram is cut, a newer program's message is skipped")
    func oddities() throws {
        let pair = try FileDescriptor.socketPair()
        let ours = try pair.ours.duplicate()
        let parent = ControlChannel(adopting: pair.theirs)
        let child = ControlChannel(adopting: pair.ours)
        #expect(child.send(.identity(String(repeating: "x", count: 100_000))))
        guard case .message(.identity(let name)) = parent.receive() else {
            Issue.record("no identity")
            return
        }
        #expect(name.utf8.count == 24 << 10 - "identity ".utf8.count)
        _ = Array("tomorrow 1 2 3".utf8).withUnsafeBytes { ours.write($0) }
        #expect(child.send(.ready))
        #expect(parent.receive() == .message(.ready))
    }
}
