import Glibc
import JobModel
import Logging

/// How severe a line of a handler's output is, by what it says of itself.
enum LineLevel {
    /// What a line without a word about it is.
    static let usual = Logger.Level.info

    /// A line and its level.
    ///
    /// - Returns: the level, and how many bytes at the beginning said so and are no longer wanted.
    static func of(_ line: UnsafeRawBufferPointer) -> (level: Logger.Level, skipped: Int) {
        guard line.count > 2 else { return (usual, 0) }
        switch line[0] {
        case UInt8(ascii: "<"):
            // sd-daemon(3): "<4>" before the text.
            let digit = line[1] &- UInt8(ascii: "0")
            guard digit < 8, line[2] == UInt8(ascii: ">") else { return (usual, 0) }
            return (bySyslog[Int(digit)], 3)
        case UInt8(ascii: "{"):
            return (ofObject(line) ?? usual, 0)
        default:
            return (usual, 0)
        }
    }

    /// The severities of syslog(3), 0 for emergencies to 7 for debugging.
    private static let bySyslog: [Logger.Level] = [
        .critical, .critical, .critical, .error, .warning, .notice, .info, .debug,
    ]

    /// What the log libraries of several languages write, in small letters.
    private static let byName: [String: Logger.Level] = [
        "trace": .trace, "verbose": .debug, "debug": .debug, "info": .info, "information": .info, "notice": .notice,
        "warn": .warning, "warning": .warning, "error": .error, "err": .error, "critical": .critical, "crit": .critical,
        "fatal": .critical, "alert": .critical, "emerg": .critical, "emergency": .critical, "panic": .critical,
    ]

    /// The level a program means by this word; nil if we do not know it.
    static func named(_ name: String) -> Logger.Level? { byName[name.lowercased()] }

    private static let member = StaticString("\"level\"")

    /// Whether the word stands anywhere in it.
    private static func hasMember(_ line: UnsafeRawBufferPointer) -> Bool {
        guard var place = line.baseAddress else { return false }
        let (end, count) = (place + line.count, member.utf8CodeUnitCount)
        while end - place >= count, let found = memchr(place, 0x22, end - place - count + 1) {
            if memcmp(found, member.utf8Start, count) == 0 { return true }
            place = UnsafeRawPointer(found) + 1
        }
        return false
    }

    /// Of a line that is a JSON object with `level`; nil if it is none, or its level means nothing to us.
    private static func ofObject(_ line: UnsafeRawBufferPointer) -> Logger.Level? {
        // Most objects are read no further.
        guard hasMember(line), let object = try? JSONObject(scanning: Array(line)) else { return nil }
        if let name = object.string("level") { return named(name) }
        guard let number = object.number("level"), number.isFinite else { return nil }
        switch number {
        // pino and bunyan: 10 for trace to 60 for fatal, whatever lies between.
        case 60...: return .critical
        case 50..<60: return .error
        case 40..<50: return .warning
        case 30..<40: return .info
        case 20..<30: return .debug
        case 10..<20: return .trace
        case 0..<8: return bySyslog[Int(number)]
        default: return nil
        }
    }
}
