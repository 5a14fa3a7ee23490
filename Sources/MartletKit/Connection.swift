import Foundation
import Glibc

/// Why a push failed.
public enum PushError: Error, CustomStringConvertible {
    /// There was no way to Redis; nothing was pushed.
    case unreachable(String)
    /// Redis refused a command, in these words.
    case refused(String)
    /// The answer did not come: it has been pushed, or not.
    case unanswered(String)

    public var description: String {
        switch self {
        case .unreachable(let reason): "nothing was pushed: \(reason)"
        case .refused(let words): "Redis refused: \(words)"
        case .unanswered(let reason): "it may have been pushed: \(reason)"
        }
    }
}

/// A connection to Redis, ready for use. Its calls block; one that throws leaves it of no more use.
final class Connection {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    /// - Parameter timeout: of each wait, in seconds above 0.
    init(_ address: Address, timeout: Double) throws {
        descriptor = try Self.open(address.place, timeout: timeout)
        var greetings: [[String]] = []
        if let password = address.password { greetings.append(["AUTH"] + [address.user, password].compactMap { $0 }) }
        if address.database > 0 { greetings.append(["SELECT", String(address.database)]) }
        do {
            try exchange(greetings)
        } catch PushError.unanswered(let reason) {
            throw PushError.unreachable(reason)
        }
    }

    deinit { close(descriptor) }

    /// Whether it is open, with nothing to be read: nothing was asked. At its end there is something to read.
    var isQuiet: Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unread.isEmpty && poll(&state, 1, 0) == 0
    }

    /// Has commands carried out whose answers are no more than a line each.
    func exchange(_ commands: [[String]]) throws {
        var text = Data()
        for words in commands {
            text += Data("*\(words.count)\r\n".utf8)
            for word in words { text += Data("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
        }
        try write(text)
        for _ in commands {
            let answer = try answer()
            if answer.hasPrefix("-") { throw PushError.refused(String(answer.dropFirst())) }
        }
    }

    /// A command that has not been written to its end is not carried out.
    private func write(_ text: Data) throws {
        try text.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let count = send(
                    descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start, Int32(MSG_NOSIGNAL))
                if count < 0, errno != EINTR { throw PushError.unreachable(Self.reason("Redis does not listen")) }
                start += max(count, 0)
            }
        }
    }

    private func answer() throws -> String {
        while true {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: unread[..<end], as: UTF8.self)
                unread.removeSubrange(...end)
                guard let kind = line.first, "+-:".contains(kind), line.hasSuffix("\r") else { break }
                return String(line.dropLast())
            }
            guard unread.count < 1 << 16 else { break }
            var piece = [UInt8](repeating: 0, count: 1 << 12)
            let count = recv(descriptor, &piece, piece.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw PushError.unanswered(Self.reason("Redis does not answer")) }
            if count == 0 { throw PushError.unanswered("Redis closed the connection") }
            unread += piece[..<count]
        }
        throw PushError.unanswered("what answers is not Redis")
    }

    private static func open(_ place: Address.Place, timeout: Double) throws -> Int32 {
        switch place {
        case .unix(let path):
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
            return try withUnsafeBytes(of: name) { try connect(AF_UNIX, $0, timeout) }
        case .tcp(let host, let port):
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            let status = getaddrinfo(host, String(port), &hints, &list)
            defer { if list != nil { freeaddrinfo(list) } }
            var failure: any Error = PushError.unreachable("\(host): \(String(cString: gai_strerror(status)))")
            for entry in sequence(first: list, next: { $0?.pointee.ai_next }) {
                guard status == 0, let info = entry?.pointee else { break }
                do {
                    let name = UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen))
                    return try connect(info.ai_family, name, timeout)
                } catch {
                    failure = error
                }
            }
            throw failure
        }
    }

    private static func connect(_ family: Int32, _ name: UnsafeRawBufferPointer, _ timeout: Double) throws -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let seconds = min(max(timeout, 0.001), 1e6)
        var wait = timeval(tv_sec: Int(seconds), tv_usec: Int(seconds.truncatingRemainder(dividingBy: 1) * 1e6))
        // The latter also holds for connect(2).
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &wait, socklen_t(MemoryLayout<timeval>.size))
        }
        var one: Int32 = 1
        if family != AF_UNIX {
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        }
        let address = name.assumingMemoryBound(to: sockaddr.self).baseAddress
        var status: Int32
        repeat {
            status = Glibc.connect(descriptor, address, socklen_t(name.count))
        } while status != 0 && errno == EINTR
        guard status == 0 else {
            defer { close(descriptor) }
            throw PushError.unreachable(reason("Redis cannot be reached"))
        }
        return descriptor
    }

    /// With what errno says.
    private static func reason(_ words: String) -> String {
        let isLate = [EAGAIN, EINPROGRESS].contains(errno)
        return "\(words): \(isLate ? "timed out" : String(cString: strerror(errno)))"
    }
}
