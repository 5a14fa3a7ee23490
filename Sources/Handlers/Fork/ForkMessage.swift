import JobModel
import Platform

/// What a preloader says on its control socket: one JSON object in each message.
enum ForkMessage: Equatable {
    /// Its program is loaded.
    case ready
    /// The fork of this number is done.
    case forked(number: Int, pid: Int32)
    case failed(number: Int, message: String)
    /// - Parameter status: nil if it was lost.
    case reaped(pid: Int32, status: ExitStatus?)

    /// Bytes; longer ones are cut off, and are no JSON then.
    static let longest = 64 << 10

    /// nil for what this version does not know.
    init?(parsing bytes: [UInt8]) throws(ProtocolViolation) {
        let object: JSONObject
        do {
            object = try JSONObject(scanning: bytes)
        } catch {
            let excerpt = String(decoding: bytes.prefix(100), as: UTF8.self)
            throw ProtocolViolation("sent a message that is not a JSON object: \(excerpt)")
        }
        if object.bool("ready") == true {
            self = .ready
        } else if let number = object.integer("forked") {
            self = .forked(number: number, pid: try Self.pid(in: object, "pid"))
        } else if let number = object.integer("failed") {
            self = .failed(number: number, message: object.string("message") ?? "it did not say why")
        } else if object.member("reaped") != nil {
            self = .reaped(pid: try Self.pid(in: object, "reaped"), status: Self.status(in: object))
        } else {
            return nil
        }
    }

    private static func pid(in object: JSONObject, _ name: String) throws(ProtocolViolation) -> Int32 {
        // 1 is nobody's child, and 2^22 the kernel's own limit.
        guard let number = object.integer(name), (2...1 << 22).contains(number) else {
            throw ProtocolViolation("sent a message without a process's number as `\(name)`")
        }
        return Int32(number)
    }

    private static func status(in object: JSONObject) -> ExitStatus? {
        if let code = object.integer("exit"), (0...255).contains(code) { return .exited(Int32(code)) }
        if let number = object.integer("signal"), (1...64).contains(number) {
            return .signaled(Signal(number: Int32(number)), coreDumped: object.bool("core") == true)
        }
        return nil
    }
}

/// What we say to it.
extension ForkMessage {
    static let quiet = Array(#"{"quiet":true}"#.utf8)
    static func fork(_ number: Int) -> [UInt8] { Array(#"{"fork":\#(number)}"#.utf8) }
    static func reap(_ pid: Int32) -> [UInt8] { Array(#"{"reap":\#(pid)}"#.utf8) }
}
