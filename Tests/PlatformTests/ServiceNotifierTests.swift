import Glibc
import Platform
import Testing

@Suite("The service manager")
struct ServiceNotifierTests {
    @Test("is told in its own words, and a status cannot smuggle in others")
    func words() async {
        await #expect(processExitsWith: .success) {
            // Abstract, so that nothing has to be removed.
            let name = "martlet-notify-\(getpid())"
            let socket = try #require(listen(name))
            setenv("NOTIFY_SOCKET", "@\(name)", 1)
            ServiceNotifier.ready(status: "3 of 10 slots busy\nMAINPID=1")
            ServiceNotifier.status("all quiet")
            ServiceNotifier.watchdog()
            ServiceNotifier.stopping()
            #expect(receive(socket) == "READY=1\nSTATUS=3 of 10 slots busy MAINPID=1")
            #expect(receive(socket) == "STATUS=all quiet")
            #expect(receive(socket) == "WATCHDOG=1")
            #expect(receive(socket) == "STOPPING=1")
            ServiceNotifier.reloading()
            #expect(receive(socket).hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
        }
    }

    @Test("its watchdog is known by the environment, and only to the process it watches")
    func watchdog() async {
        await #expect(processExitsWith: .success) {
            #expect(ServiceNotifier.watchdogInterval() == nil)
            setenv("WATCHDOG_USEC", "2500000", 1)
            #expect(ServiceNotifier.watchdogInterval() == 2.5)
            setenv("WATCHDOG_PID", "1", 1)
            #expect(ServiceNotifier.watchdogInterval() == nil)
        }
    }

    @Test("is not missed where there is none")
    func absent() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            ServiceNotifier.ready(status: "")
        }
    }
}

/// A datagram socket in the abstract name space of unix(7).
private func listen(_ name: String) -> Int32? {
    let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path)! + 1
    withUnsafeMutableBytes(of: &address) { bytes in
        for (index, byte) in name.utf8.enumerated() { bytes[offset + index] = byte }
    }
    let length = socklen_t(offset + name.utf8.count)
    let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(fd, $0, length) }
    }
    return fd >= 0 && result == 0 ? fd : nil
}

private func receive(_ fd: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 1024)
    let count = recv(fd, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
}
