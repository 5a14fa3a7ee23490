internal import Platform

/// One connection to a Redis server, for one thread at a time.
///
/// It is used in one of two ways: blocking (`call`, `pipeline`), or by an event loop (`append`, `flush`, `receive`,
/// `nextReply`). The socket is always non-blocking. After an end of file, a time-out or a breach of the protocol the
/// connection is closed and never used again, so that no late answer can be taken for another command's.
package final class RedisConnection {
    /// The server's address as logs may show it.
    package let server: String
    /// Where it is connected, sentinels resolved: for a second connection to the same server.
    package internal(set) var peer: RedisEndpoint?
    private var socket: Socket?
    private var reader = ReplyReader()
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var hasReceived = false
    private var digests: [String: [UInt8]] = [:]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)
    private let timeoutSeconds: Double
    // Why it was closed, for whoever goes on using it.
    private var end: RedisError?

    init(_ socket: consuming Socket, server: String, timeoutSeconds: Double) {
        self.socket = consume socket
        self.server = server
        self.timeoutSeconds = timeoutSeconds
    }

    deinit { buffer.deallocate() }

    package var isOpen: Bool { socket != nil }

    /// The socket's descriptor, for an event loop; -1 once closed. Forget it in the loop before closing.
    package var descriptor: Int32 { socket?.raw ?? -1 }

    /// Whether bytes wait for the socket to become writable.
    package var wantsToWrite: Bool { sent < outgoing.count || socket?.owesAnswer == true }

    package func close() { socket = nil }

    /// Remembers what SCRIPT LOAD answered.
    func remember(_ script: LuaScript, digest: [UInt8]) { digests[script.name] = digest }

    private func fail(_ error: RedisError) -> RedisError {
        close()
        end = error
        return error
    }
}

// MARK: By an event loop

extension RedisConnection {
    /// Queues a command; `flush` sends it. A script the server may have forgotten is answered NOSCRIPT: append the
    /// command's `whole` then. A command too large for Redis closes the connection, before Redis does.
    package func append(_ command: RedisCommand) {
        guard command.byteCount <= RedisCommand.mostBytes else {
            _ = fail(.lost("a command of \(command.byteCount) bytes is more than \(server) would take"))
            return
        }
        if sent == outgoing.count {
            outgoing.removeAll(keepingCapacity: outgoing.capacity <= 1 << 20)
            sent = 0
        }
        command.encode(onto: &outgoing, digest: command.script.flatMap { digests[$0.name] })
    }

    /// Sends what the socket takes now.
    ///
    /// - Returns: false if it is to be called again when the descriptor is writable; true if all is sent (or, over TLS,
    ///   if the rest has to wait for something to read).
    package func flush() throws(RedisError) -> Bool {
        if socket?.owesAnswer == true {
            switch socket?.answer() {
            case .bytes: break
            case .wouldBlock: return false
            case .failed(let code): throw failed(code)
            case .end, nil: throw closed
            }
        }
        while sent < outgoing.count {
            let result = outgoing.withUnsafeBytes { bytes in
                socket?.write(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            }
            switch result {
            case .bytes(let count): sent += count
            case .wouldBlock: return socket?.writeWaitsForBytes ?? true
            case .failed(let code):
                hearLastWords()
                throw failed(code)
            case .end, nil: throw closed
            }
        }
        return true
    }

    /// Reads once, at most 64 KiB; over TLS until nothing lies decrypted that the descriptor does not show.
    ///
    /// - Returns: false if there is nothing to read now.
    package func receive() throws(RedisError) -> Bool {
        guard try receiveOnce() else { return false }
        while socket?.holdsMore == true, try receiveOnce() {}
        return true
    }

    private func receiveOnce() throws(RedisError) -> Bool {
        switch socket?.read(into: buffer) {
        case .bytes(let count):
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            // A record of TLS begins with its type: 21 is an alert, 22 the handshake (RFC 8446, 5.1). No reply does.
            if !hasReceived, let first = bytes.first, first == 21 || first == 22 {
                throw fail(.lost("\(server) speaks TLS; use rediss://"))
            }
            hasReceived = true
            do {
                try reader.feed(bytes)
            } catch {
                throw fail(error)
            }
            return true
        case .wouldBlock: return false
        case .end: throw fail(.lost("\(server) closed the connection\(guess)"))
        case .failed(let code): throw failed(code)
        case nil: throw closed
        }
    }

    /// A server that turns a client away says why and closes, so that writing fails while the reason can still be read.
    private func hearLastWords() {
        guard case .bytes(let count) = socket?.read(into: buffer) else { return }
        // What is no reply is no reason either: the failed write is what is told then.
        try? reader.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    private func failed(_ code: Int32) -> RedisError {
        fail(.lost("lost \(server): \(socket?.reason(of: code) ?? SystemError.text(of: code))\(guess)"))
    }

    private var guess: String {
        guard !hasReceived, case .tcp = peer?.transport else { return "" }
        return socket?.guess ?? ""
    }

    /// - Returns: the next reply, in the order of the commands; nil until it has come in whole.
    package func nextReply() throws(RedisError) -> RedisReply? {
        guard isOpen else { throw closed }
        do {
            return try reader.next()
        } catch {
            throw fail(error)
        }
    }

    private var closed: RedisError { end ?? .lost("the connection to \(server) is closed") }
}

// MARK: Blocking

extension RedisConnection {
    /// Sends one command and waits for its answer; an error reply is returned like any other.
    package func call(_ command: RedisCommand) throws(RedisError) -> RedisReply {
        // One command has one reply.
        try pipeline([command])[0]
    }

    /// Sends commands together and waits for all answers, in their order. Nothing is sent twice, except a script the
    /// server has forgotten: NOSCRIPT says that nothing was done.
    ///
    /// - Throws: `timedOut` if for the connection's time-out nothing could be sent or received.
    package func pipeline(_ commands: [RedisCommand]) throws(RedisError) -> [RedisReply] {
        precondition(sent == outgoing.count, "an event loop's commands are still under way")
        for command in commands { append(command) }
        var replies: [RedisReply] = []
        replies.reserveCapacity(commands.count)
        var deadline = MonotonicTime.now().advanced(bySeconds: timeoutSeconds)
        do throws(RedisError) {
            while replies.count < commands.count {
                let before = sent
                let isSent = try flush()
                var progressed = sent > before
                if let reply = try nextReply() {
                    replies.append(reply)
                    continue
                }
                if try receive() { progressed = true }
                if progressed {
                    deadline = MonotonicTime.now().advanced(bySeconds: timeoutSeconds)
                    continue
                }
                guard let ready = socket?.wait(alsoWritable: !isSent, until: deadline) else { throw closed }
                if !ready { throw fail(.timedOut(doing: "waiting for an answer of \(server)")) }
            }
        } catch {
            throw turnedAway(replies) ?? error
        }
        for (index, reply) in replies.enumerated() where reply.refusal?.code == "NOSCRIPT" {
            if commands[index].script != nil, !commands[index].isWhole {
                replies[index] = try call(commands[index].whole)
            }
        }
        return replies
    }

    /// The reason a server gave before it closed, such as that it has too many clients.
    private func turnedAway(_ replies: [RedisReply]) -> RedisError? {
        guard !isOpen, let last = replies.first ?? (try? reader.next()), let refusal = last.refusal,
            refusal.meaning == .barred
        else { return nil }
        return .refused(RedisRefusal(code: refusal.code, message: "\(server) turns us away: \(refusal.message)"))
    }
}
