internal import Glibc
internal import Platform

extension Socket {
    /// Puts TLS over the connection.
    ///
    /// - Throws: `lost` with what is wrong with the server's certificate or ours; `timedOut` if the server did not finish
    ///   in time.
    mutating func secure(_ host: String, _ options: TLSOptions, until deadline: MonotonicTime) throws(RedisError) {
        let session = try TLSSession(raw, host: host, options)
        while true {
            switch session.shakeHands() {
            case .bytes:
                tls = session
                return
            case .wouldBlock:
                guard wait(alsoWritable: session.readWaitsForRoom, until: deadline) else {
                    throw .timedOut(doing: "in the TLS handshake")
                }
            case .end: throw .lost("it closed the connection during the TLS handshake")
            case .failed(let code): throw .lost(session.failure ?? SystemError.text(of: code))
            }
        }
    }

    /// Whether the server that left a handshake unanswered is a Redis without TLS. That waits for the end of a line, and a
    /// handshake has none; on a connection of its own it answers at once.
    static func speaksPlainly(_ host: String, _ port: Int) -> Bool {
        let deadline = MonotonicTime.now().advanced(bySeconds: 0.2)
        do throws(RedisError) {
            let socket = try connect(.tcp(host: host, port: port), until: deadline)
            var byte: UInt8 = 0
            guard send(socket.raw, "PING\r\n", 6, Int32(MSG_NOSIGNAL)) == 6,
                socket.wait(alsoWritable: false, until: deadline), recv(socket.raw, &byte, 1, 0) == 1
            else { return false }
            return byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
        } catch {
            return false
        }
    }
}
