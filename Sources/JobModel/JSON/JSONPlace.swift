/// A value somewhere inside a scanned object.
struct JSONPlace {
    let range: Range<Int>
    let kind: JSONKind

    init(range: Range<Int>, kind: JSONKind) {
        self.range = range
        self.kind = kind
    }

    init(_ member: JSONMember) { self.init(range: member.value, kind: member.kind) }
}

extension JSONObject {
    /// The elements of an array inside this object.
    func elements(of array: JSONPlace) -> [JSONPlace] {
        var found: [JSONPlace] = []
        walk(array) { (scanner, _) throws(JSONError) in
            let start = scanner.at
            let kind = try scanner.value(depth: 1)
            found.append(JSONPlace(range: start..<scanner.at, kind: kind))
        }
        return found
    }

    /// The last member of that name, as of the object itself; nil if there is none.
    func member(_ name: String, of object: JSONPlace) -> JSONPlace? {
        var found: JSONPlace?
        walk(object) { (scanner, bytes) throws(JSONError) in
            let (key, hasEscapes) = try scanner.memberKey()
            let start = scanner.at
            let kind = try scanner.value(depth: 1)
            let isNamed =
                hasEscapes
                ? JSONText.unescape(bytes[key]).utf8.elementsEqual(name.utf8) : bytes[key].elementsEqual(name.utf8)
            if isNamed { found = JSONPlace(range: start..<scanner.at, kind: kind) }
        }
        return found
    }

    /// A string decoded; nil if it holds a lone surrogate, which has no UTF-8.
    func wholeString(at value: Range<Int>) -> String? {
        let (utf8, isWhole) = JSONText.unescape(bytes[(value.lowerBound + 1)..<(value.upperBound - 1)])
        return isWhole ? String(decoding: utf8, as: UTF8.self) : nil
    }

    /// - Parameter entry: takes one element or member.
    private func walk(
        _ container: JSONPlace, _ entry: (inout JSONScanner, [UInt8]) throws(JSONError) -> Void
    ) {
        let close = container.kind == .object ? UInt8(ascii: "}") : UInt8(ascii: "]")
        bytes.withUnsafeBytes { buffer in
            var scanner = JSONScanner(buffer, from: container.range.lowerBound, depthLimit: .max)
            do throws(JSONError) {
                try scanner.open(0)
                if scanner.take(close) { return }
                repeat { try entry(&scanner, bytes) } while try scanner.another(before: close)
            } catch {
                preconditionFailure("what was scanned once scans again: \(error)")
            }
        }
    }
}
