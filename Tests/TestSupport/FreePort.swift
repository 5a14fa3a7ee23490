import Glibc
import Platform

/// A port nobody uses now: the kernel does not give it out again at once.
///
/// - Parameter limit: as a cluster needs a second port, 10,000 above.
package func freePort(upTo limit: Int = 65_535) throws -> Int {
    while true {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(raw) }
        let port = try bindToFreePort(raw)
        if port <= limit { return port }
    }
}

/// Binds a socket to a port of 127.0.0.1 nobody uses.
package func bindToFreePort(_ raw: Int32) throws -> Int {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(raw, $0, size) | getsockname(raw, $0, &size) }
    }
    guard result == 0 else { throw SystemError.last("bind a port") }
    return Int(UInt16(bigEndian: address.sin_port))
}
