import Glibc

/// The bytes of a configuration file, as text.
enum ConfigurationFile {
    /// A configuration is a few kilobytes; more than this is another file.
    static let maximumBytes = 1 << 20

    /// Reads a file whole.
    ///
    /// - Throws: a problem that says why it cannot be read.
    static func read(_ path: String) throws(Problem) -> [UInt8] {
        func failure(_ advice: String = "") -> Problem {
            Problem(file: path, message: "cannot read the configuration: \(String(cString: strerror(errno)))\(advice)")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT: throw failure("; name another one with -C FILE")
            case EACCES: throw failure("; who may read it? See `ls -l \(path)`")
            default: throw failure()
            }
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= maximumBytes else {
                throw Problem(file: path, message: "is larger than 1 MiB, which no configuration is")
            }
        }
    }

    /// The number of the user it belongs to; nil if it is not there.
    static func owner(of path: String) -> UInt32? {
        var facts = stat()
        return stat(path, &facts) == 0 ? facts.st_uid : nil
    }

    /// The text of a file, without its byte order mark.
    ///
    /// - Throws: the place of the first byte that is not UTF-8, or of the first control character (YAML 1.1, section 5.1).
    static func text(_ bytes: [UInt8]) throws(YAMLMistake) -> String {
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        var place = Place.start
        var decoder = UTF8()
        var iterator = body.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput:
                return String(decoding: body, as: UTF8.self)
            case .error:
                throw YAMLMistake(place: place, message: "the file is not UTF-8 from here on; save it as UTF-8")
            case .scalarValue(let scalar):
                guard isAllowed(scalar) else {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
                    throw YAMLMistake(place: place, message: "a control character (U+\(code)) stands here; remove it")
                }
                let isBreak = scalar == "\n"
                place = Place(line: place.line + (isBreak ? 1 : 0), column: isBreak ? 1 : place.column + 1)
            }
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x85: true
        case 0..<0x20, 0x7F..<0xA0, 0xFEFF, 0xFFFE, 0xFFFF: false
        default: true
        }
    }
}
