import Logging

/// For machines: one JSON object a line, the fields beside time, level, component, pid and message.
package struct JSONForm: LogForm {
    private let source: LogSource
    private static let ownMembers: Set<String> = ["time", "level", "component", "pid", "message"]

    package init(_ source: LogSource) { self.source = source }

    package func line(for record: LogRecord) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(384)
        line += "{\"time\":\"\(LogClock.universal(record.time))\",\"level\":\"\(record.level)\",\"component\":".utf8
        Self.append(source.component, to: &line)
        line += ",\"pid\":\(source.pid),\"message\":".utf8
        Self.append(record.message, to: &line)
        for (name, value) in source.fields(of: record) {
            line.append(UInt8(ascii: ","))
            // A second member of the same name would hide the first one.
            Self.append(Self.ownMembers.contains(name) ? name + "_" : name, to: &line)
            line.append(UInt8(ascii: ":"))
            Self.append(value, to: &line)
        }
        line += "}\n".utf8
        return line
    }

    private static func append(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        LogEscape.append(text, quoted: true, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    private static func append(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
        switch value {
        case .string(let text): append(text, to: &line)
        case .stringConvertible(let number as any BinaryInteger): line += "\(number)".utf8
        case .stringConvertible(let number as Double) where number.isFinite: line += "\(number)".utf8
        case .stringConvertible(let isTrue as Bool): line += "\(isTrue)".utf8
        case .stringConvertible(let other): append(other.description, to: &line)
        case .array(let values):
            appendList("[", "]", values, to: &line) { append($0, to: &$1) }
        case .dictionary(let members):
            appendList("{", "}", members.sorted { $0.key < $1.key }, to: &line) { member, line in
                append(member.key, to: &line)
                line.append(UInt8(ascii: ":"))
                append(member.value, to: &line)
            }
        }
    }

    private static func appendList<Element>(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ elements: [Element], to line: inout [UInt8],
        _ append: (Element, inout [UInt8]) -> Void
    ) {
        line.append(UInt8(ascii: open))
        for (index, element) in elements.enumerated() {
            if index > 0 { line.append(UInt8(ascii: ",")) }
            append(element, &line)
        }
        line.append(UInt8(ascii: close))
    }
}
