/// The jid of a campaign's job: "j17" was pushed by the producer, "j17.2" is the second child of that one.
struct JobName: Hashable, Comparable, Sendable, CustomStringConvertible {
    let number: Int
    /// 0: no child.
    let child: Int

    init(_ number: Int, child: Int = 0) {
        self.number = number
        self.child = child
    }

    /// Reads the bytes of a jid.
    init?(_ bytes: some Collection<UInt8>) {
        guard bytes.first == UInt8(ascii: "j") else { return nil }
        var (number, child, digits) = (0, 0, 0)
        var isChild = false
        for byte in bytes.dropFirst() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let digit = Int(byte - UInt8(ascii: "0"))
                guard digits < 15 else { return nil }
                digits += 1
                if isChild { child = child * 10 + digit } else { number = number * 10 + digit }
            case UInt8(ascii: ".") where !isChild && digits > 0: (isChild, digits) = (true, 0)
            default: return nil
            }
        }
        guard digits > 0 else { return nil }
        self.init(number, child: child)
    }

    var description: String { child == 0 ? "j\(number)" : "j\(number).\(child)" }

    static func < (left: JobName, right: JobName) -> Bool { (left.number, left.child) < (right.number, right.child) }
}
