import Glibc
import Platform

/// One connection through the proxy: a thread for each direction.
final class FaultProxyLink: @unchecked Sendable {
    /// A command that was sent, or answered by the proxy itself, and whose answer has not passed yet.
    private struct Expected {
        var name: String
        /// The source that SCRIPT LOAD was given, so that its answer names the script's digest.
        var source: [UInt8]?
        var fault: Fault?
        /// What the proxy answers in Redis' place.
        var said: [UInt8]?
    }

    private struct State {
        var expected: [Expected] = []
        var isSilent = false
        var threads = 2
    }

    let number: Int
    private let proxy: FaultProxy
    private let client: Int32
    private let server: Int32
    private let state = Monitor(State())

    /// Takes over both sockets.
    init(number: Int, client: Int32, server: Int32, proxy: FaultProxy) {
        self.number = number
        self.client = client
        self.server = server
        self.proxy = proxy
    }

    func start() {
        OSThread.start(name: "requests") { self.passRequests() }
        OSThread.start(name: "answers") { self.passAnswers() }
    }

    /// Ends the connection on both sides; the threads notice.
    func cut() {
        state.withLock { state in
            guard state.threads > 0 else { return }  // The numbers may belong to others by now.
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }
    }

    private func ended() {
        let isLast = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return false }
            close(client)
            close(server)
            return true
        }
        if isLast { proxy.ended(self) }
    }

    // MARK: Requests

    private func passRequests() {
        var wire = FaultProxyWire()
        read(client) { piece in
            proxy.dawdle()
            wire.feed(piece)
            while let command = wire.next() {
                guard pass(command) else { return false }
            }
            return true
        }
        // What was sent is still carried out, as after any client's end.
        if !state.withLock({ $0.isSilent }) { shutdown(server, Int32(SHUT_WR)) }
        ended()
    }

    /// - Returns: false if nothing more passes.
    private func pass(_ command: FaultProxyWire.Value) -> Bool {
        let name = proxy.name(of: command.words)
        let fault = proxy.note(name, on: number)
        var expected = Expected(name: name)
        if name == "SCRIPT LOAD", command.words.count == 3 { expected.source = command.words[2] }
        var isFragmented = false
        switch fault {
        case nil: break
        case .delay(let seconds): usleep(UInt32(seconds * 1e6))
        case .cutBefore:
            cut()
            return false
        case .halfOpen:
            state.withLock { $0.isSilent = true }
            return false
        case .refuse(let reply): expected.said = Array("-\(reply)\r\n".utf8)
        case .fragment:
            isFragmented = true
            expected.fault = fault
        case .stall, .cutAfter, .garble, .trickle, .say: expected.fault = fault
        }
        let isAnswered = expected.said != nil
        state.withLock { $0.expected.append(expected) }
        if isAnswered {
            sayWhatIsDue()
            return true
        }
        return send(command.bytes, to: server, piecewise: isFragmented)
    }

    // MARK: Answers

    private func passAnswers() {
        var wire = FaultProxyWire()
        read(server) { piece in
            wire.feed(piece)
            while let answer = wire.next() {
                guard pass(answer: answer) else { return false }
            }
            return true
        }
        if !state.withLock({ $0.isSilent }) { shutdown(client, Int32(SHUT_RDWR)) }
        ended()
    }

    private func pass(answer: FaultProxyWire.Value) -> Bool {
        if answer.words.first == Array("message".utf8) { return send(answer.bytes, to: client) }
        let expected = state.withLock { $0.expected.isEmpty ? nil : $0.expected.removeFirst() }
        if let source = expected?.source, let digest = answer.words.first { proxy.learn(digest, of: source) }
        var bytes = answer.bytes
        var isFragmented = false
        switch expected?.fault {
        case .cutAfter:
            cut()
            return false
        case .stall(let seconds): usleep(UInt32(seconds * 1e6))
        case .garble: bytes = Array("!what is this?\r\n".utf8)
        case .say(let said): bytes = Array(said.utf8)
        case .fragment: isFragmented = true
        case .trickle(let rate): return trickle(bytes, rate)
        case .delay, .cutBefore, .halfOpen, .refuse, nil: break
        }
        guard !state.withLock({ $0.isSilent }) else { return true }
        let isSent = send(bytes, to: client, piecewise: isFragmented)
        sayWhatIsDue()
        return isSent
    }

    private func trickle(_ bytes: [UInt8], _ bytesPerSecond: Int) -> Bool {
        let piece = max(1, bytesPerSecond / 20)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            guard send(Array(bytes[start..<min(start + piece, bytes.count)]), to: client) else { return false }
            usleep(50_000)
        }
        return true
    }

    /// Answers of the proxy's own, once all before them have passed.
    private func sayWhatIsDue() {
        state.withLock { state in
            while let said = state.expected.first?.said {
                state.expected.removeFirst()
                _ = send(said, to: client)
            }
        }
    }

    // MARK: Sockets

    private func read(_ fd: Int32, _ take: (UnsafeRawBufferPointer) -> Bool) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = recv(fd, buffer.baseAddress, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0, take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }

    private func send(_ bytes: [UInt8], to fd: Int32, piecewise: Bool = false) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let size = piecewise ? 1 : buffer.count - sent
                let count = Glibc.send(fd, buffer.baseAddress?.advanced(by: sent), size, Int32(MSG_NOSIGNAL))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }
    }
}
