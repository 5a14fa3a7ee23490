import Glibc
package import Platform
package import Redis

/// Stands between clients and a redis-server, on a unix socket of its own, and does damage by command: the n-th of a name.
///
/// Commands count by their names; SCRIPT and CLIENT with their subcommand ("SCRIPT LOAD"), scripts by their own names
/// ("exchange"). What happened is written down in `deeds`. May be used from any thread.
package final class FaultProxy: Sendable {
    private struct State {
        var rules: [FaultRule] = []
        var deeds: [String] = []
        var counts: [String: Int] = [:]
        var digests: [[UInt8]: String] = [:]
        var links: [Int: FaultProxyLink] = [:]
        var attempts = 0
        var isRefusing = false
        var latencySeconds = 0.0
        var isEnded = false
    }

    private let directory = TemporaryDirectory()
    private let upstream: String
    private let scripts: [[UInt8]: String]
    private let listener: Int32
    private let state = Monitor(State())

    /// - Parameter scripts: those whose names count.
    package init(_ server: RedisServer, scripts: [LuaScript] = []) throws(SystemError) {
        upstream = server.socketPath
        self.scripts = Dictionary(scripts.map { ($0.source, $0.name) }) { first, _ in first }
        listener = try Self.socket("listen", on: "\(directory.path)/proxy.sock", bind)
        guard listen(listener, 256) == 0 else { throw SystemError.last("listen") }
        OSThread.start(name: "proxy") { self.acceptAll() }
    }

    package var socketPath: String { "\(directory.path)/proxy.sock" }

    /// Ends everything that passes through.
    package func stop() {
        let wasEnded = state.withLock { state in
            defer { state.isEnded = true }
            return state.isEnded
        }
        if !wasEnded { shutdown(listener, Int32(SHUT_RDWR)) }
        cutAll()
        // The threads hold this object; they are gone when nothing passes any more.
        _ = state.wait(until: .now().advanced(bySeconds: 10)) { $0.links.isEmpty ? true : nil }
    }

    // MARK: Faults

    /// Lets a fault fall on commands of a name ("*" for all).
    ///
    /// - Parameters:
    ///   - number: the first one it falls on, counted from now; 1 is the next.
    ///   - times: on how many, one after the other.
    package func inject(_ fault: Fault, on name: String, number: Int = 1, times: Int = 1) {
        state.withLock { $0.rules.append(FaultRule(name: name, fault: fault, passes: number - 1, times: times)) }
    }

    /// Forgets all faults that did not happen yet.
    package func relent() { state.withLock { $0.rules.removeAll() } }

    /// Whether every fault has happened.
    package var isSpent: Bool { state.withLock { $0.rules.isEmpty } }

    /// Ends all connections at once.
    package func cutAll() {
        let links = state.withLock { Array($0.links.values) }
        for link in links { link.cut() }
    }

    /// Ends every new connection at once, or no more.
    package func refuse(_ isOn: Bool) { state.withLock { $0.isRefusing = isOn } }

    /// How long whatever a client sends is on its way.
    package func slow(bySeconds seconds: Double) { state.withLock { $0.latencySeconds = seconds } }

    // MARK: What happened

    /// What was done to whom, in order.
    package var deeds: [String] { state.withLock { $0.deeds } }
    /// Commands of that name that came in.
    package func count(_ name: String) -> Int { state.withLock { $0.counts[name, default: 0] } }
    package var counts: [String: Int] { state.withLock { $0.counts } }
    /// Connections that were asked for.
    package var attempts: Int { state.withLock { $0.attempts } }

    // MARK: For the links

    func ended(_ link: FaultProxyLink) {
        state.withLock { $0.links[link.number] = nil }
        state.notifyAll()
    }

    func dawdle() {
        let seconds = state.withLock { $0.latencySeconds }
        if seconds > 0 { usleep(UInt32(seconds * 1e6)) }
    }

    func learn(_ digest: [UInt8], of source: [UInt8]) {
        guard let name = scripts[source] else { return }
        state.withLock { $0.digests[digest] = name }
    }

    func name(of words: [[UInt8]]) -> String {
        let texts = words.map { String(decoding: $0, as: UTF8.self) }
        guard let first = texts.first?.uppercased() else { return "" }
        switch first {
        case "SCRIPT", "CLIENT", "CONFIG", "SENTINEL":
            return texts.count > 1 ? "\(first) \(texts[1].uppercased())" : first
        case "EVALSHA" where words.count > 1: return state.withLock { $0.digests[words[1]] } ?? first
        case "EVAL" where words.count > 1: return scripts[words[1]] ?? first
        default: return first
        }
    }

    /// Counts a command and says what is to happen to it: the first rule that fits and is due.
    func note(_ name: String, on link: Int) -> Fault? {
        state.withLock { state in
            state.counts[name, default: 0] += 1
            var found: Fault?
            for index in state.rules.indices where state.rules[index].fits(name) {
                if state.rules[index].passes > 0 {
                    state.rules[index].passes -= 1
                } else if found == nil {
                    state.rules[index].times -= 1
                    found = state.rules[index].fault
                }
            }
            state.rules.removeAll { $0.times == 0 }
            if let found { state.deeds.append("link \(link): \(found) \(name) \(state.counts[name, default: 0])") }
            return found
        }
    }

    // MARK: Connections

    private func acceptAll() {
        while true {
            let client = accept(listener, nil, nil)
            if client >= 0 { _ = fcntl(client, F_SETFD, FD_CLOEXEC) }
            guard client >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                break
            }
            let link = state.withLock { state -> FaultProxyLink? in
                state.attempts += 1
                guard !state.isEnded, !state.isRefusing, let server = try? Self.socket("reach", on: upstream, connect)
                else { return nil }
                let link = FaultProxyLink(number: state.attempts, client: client, server: server, proxy: self)
                state.links[link.number] = link
                return link
            }
            if let link { link.start() } else { close(client) }
        }
        close(listener)
    }

    /// A socket of a path's: bound to it, or connected.
    private static func socket(
        _ doing: String, on path: String,
        _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) -> Int32 {
        let raw = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw SystemError.last("make a socket") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { use(raw, $0, size) }
        }
        guard result == 0 else {
            let error = SystemError.last("\(doing) \(path)")
            close(raw)
            throw error
        }
        return raw
    }
}
