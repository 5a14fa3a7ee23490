import Foundation
import Glibc
import Platform

/// One exchange by HTTP with a server on this machine, waited for: a connection each, closed after the answer.
enum HTTP {
    struct Refusal: Error { let answer: String }

    /// - Parameter port: of 127.0.0.1.
    static func fetch(
        _ port: UInt16, _ path: String, method: String = "GET", body: Data = Data(), within seconds: Int = 120
    ) throws -> (status: Int, text: String) {
        let connection = FileDescriptor(socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(connection.raw, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let joined = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection.raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard joined == 0 else { throw Refusal(answer: "nobody listens on port \(port)") }
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
        let request = Data(head.utf8) + body
        if let failure = request.withUnsafeBytes({ connection.writeAll($0) }) {
            throw Refusal(answer: "cannot ask port \(port): \(failure)")
        }
        return try answer(on: connection)
    }

    private static func answer(on connection: borrowing FileDescriptor) throws -> (status: Int, text: String) {
        var bytes = Data()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let blank = Data("\r\n\r\n".utf8)
        while true {
            if let end = bytes.range(of: blank) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
                let length = head.firstMatch(of: /(?i)content-length: *(\d+)/).flatMap { Int($0.1) }
                let status = head.firstMatch(of: /^HTTP\/1.. (\d+)/).flatMap { Int($0.1) } ?? 0
                if let length, bytes.endIndex - end.upperBound >= length {
                    return (status, String(decoding: bytes[end.upperBound...], as: UTF8.self))
                }
            }
            let count = read(connection.raw, &buffer, buffer.count)
            guard count > 0 else {
                throw Refusal(answer: "no whole answer: \(String(decoding: bytes.prefix(2000), as: UTF8.self))")
            }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}
