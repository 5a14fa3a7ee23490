internal import Glibc
internal import Platform

/// The stream to the server: a non-blocking socket, plain or with TLS over it. Whoever wants to block waits with poll(2)
/// and a deadline.
struct Socket: ~Copyable {
    private let descriptor: FileDescriptor
    var tls: TLSSession?

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    var raw: Int32 { descriptor.raw }

    /// Takes what has come; over TLS, `holdsMore` then says whether to read again without waiting.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        tls?.read(into: buffer) ?? descriptor.read(into: buffer)
    }

    /// One send(2). MSG_NOSIGNAL, because a server that went away must not end this process by SIGPIPE.
    func write(_ bytes: UnsafeRawBufferPointer) -> IOResult {
        if let tls { return tls.write(bytes) }
        while true {
            let count = send(raw, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            if errno == EAGAIN { return .wouldBlock }
            if errno != EINTR { return .failed(errno) }
        }
    }

    /// Bytes have come that the descriptor no longer shows: read again before waiting for it.
    var holdsMore: Bool { tls?.holdsMore ?? false }

    /// The protocol beneath has something of its own to send, and the descriptor is full.
    var owesAnswer: Bool { tls?.readWaitsForRoom ?? false }

    /// Sends what is owed, as far as possible now.
    func answer() -> IOResult { tls?.shakeHands() ?? .bytes(0) }

    /// After a write that would block: whether it goes on once something can be read, not written.
    var writeWaitsForBytes: Bool { tls?.writeWaitsForBytes ?? false }

    /// What is to be thought of a server that hangs up before its first answer: it may say so with an alert, but what it
    /// has been sent meanwhile makes the kernel drop that.
    var guess: String {
        guard let tls else { return "; if it wants TLS, use rediss://" }
        return tls.lacksCertificate && tls.failure == nil ? "; \(TLSFailure.noCertificate)" : ""
    }

    /// What a `.failed` means, in words.
    func reason(of code: Int32) -> String { tls?.failure ?? SystemError.text(of: code) }

    /// Waits until the socket can be read (or also written), is broken, or the deadline has passed.
    ///
    /// - Returns: false if the deadline came first.
    func wait(alsoWritable: Bool, until deadline: MonotonicTime) -> Bool {
        var entry = pollfd(fd: raw, events: Int16(alsoWritable ? POLLIN | POLLOUT : POLLIN), revents: 0)
        while true {
            let left = deadline.seconds(since: .now())
            // Rounded up, so that the last wait does not spin through its final millisecond.
            let milliseconds = Int32(max(0, min(left * 1000 + 1, 1_000_000)))
            let count = poll(&entry, 1, milliseconds)
            if count > 0 { return true }
            if count == 0, left <= 0 { return false }
        }
    }
}

extension Socket {
    /// Connects by the deadline, to the first of the server's addresses that answers.
    ///
    /// A host name is resolved by getaddrinfo(3), which no deadline of ours reaches: resolv.conf(5) limits it.
    /// - Parameter tls: given, the server must prove by the same deadline who it is.
    static func connect(
        _ transport: RedisEndpoint.Transport, tls: TLSOptions? = nil, until deadline: MonotonicTime
    ) throws(RedisError) -> Socket {
        switch transport {
        case .unix(let path): return try connectUnix(path, until: deadline)
        case .tcp(let host, let port):
            var socket = try connectTCP(host, port, until: deadline)
            guard let tls else { return socket }
            do throws(RedisError) {
                try socket.secure(host, tls, until: deadline)
            } catch {
                if case .timedOut = error, speaksPlainly(host, port) { throw .lost(TLSFailure.plain) }
                throw error
            }
            return socket
        }
    }

    private static func connectUnix(_ path: String, until deadline: MonotonicTime) throws(RedisError) -> Socket {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { space in
            guard path.utf8.count < space.count else { return false }
            space.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw .lost(SystemError.text(of: ENAMETOOLONG)) }
        return try withUnsafeBytes(of: &address) { bytes throws(RedisError) in
            try connect(AF_UNIX, bytes, until: deadline)
        }
    }

    private static func connectTCP(
        _ host: String, _ port: Int, until deadline: MonotonicTime
    ) throws(RedisError) -> Socket {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else { throw .lost(String(cString: gai_strerror(result))) }
        defer { freeaddrinfo(list) }
        var addresses: [(family: Int32, bytes: UnsafeRawBufferPointer)] = []
        var next = list
        while let entry = next {
            next = entry.pointee.ai_next
            let start = UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen))
            addresses.append((entry.pointee.ai_family, start))
        }
        let socket = try connect(addresses, until: deadline)
        socket.watchOver()
        return socket
    }

    /// To the first that answers. One that says nothing gets its share of the time only: the next may be well.
    static func connect(
        _ addresses: [(family: Int32, bytes: UnsafeRawBufferPointer)], until deadline: MonotonicTime
    ) throws(RedisError) -> Socket {
        var failure = RedisError.lost("no address")
        for (index, address) in addresses.enumerated() {
            let now = MonotonicTime.now()
            let share = deadline.seconds(since: now) / Double(addresses.count - index)
            do {
                return try connect(address.family, address.bytes, until: now.advanced(bySeconds: share))
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private static func connect(
        _ family: Int32, _ address: UnsafeRawBufferPointer, until deadline: MonotonicTime
    ) throws(RedisError) -> Socket {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let raw = socket(family, kind, 0)
        guard raw >= 0 else { throw .lost(SystemError.text(of: errno)) }
        let socket = Socket(FileDescriptor(raw))
        let start = address.baseAddress?.assumingMemoryBound(to: sockaddr.self)
        while Glibc.connect(raw, start, socklen_t(address.count)) != 0 {
            let code = errno
            if code == EISCONN { break }
            if code == EINPROGRESS || code == EALREADY || code == EINTR {
                guard socket.wait(alsoWritable: true, until: deadline) else { throw .timedOut(doing: "connecting") }
                let outcome = socket.pendingError()
                guard outcome == 0 else { throw .lost(SystemError.text(of: outcome)) }
                break
            }
            // A unix socket whose backlog is full says EAGAIN and there is nothing to wait on: unix(7).
            guard code == EAGAIN, deadline > .now() else { throw .lost(SystemError.text(of: code)) }
            _ = poll(nil, 0, 10)
        }
        return socket
    }

    private func pendingError() -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(raw, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }

    /// Has the kernel notice a peer that vanished without a word: tcp(7).
    ///
    /// Idle: 15 s + 3 × 5 s. With unacknowledged data: 10 s, where the default retransmits for 15 minutes. Failures
    /// are passed over: the connection works without, and every call has its own deadline.
    private func watchOver() {
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
        set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 10_000)
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = setsockopt(raw, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
