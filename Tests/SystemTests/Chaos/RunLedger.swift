import Foundation

/// Reads what the handlers of a campaign have written: "S j17 1 a WORKER PID MONOTONIC DAY FINGERPRINT" when a run
/// starts and "E … OUTCOME" when it ends, times in nanoseconds.
struct RunLedger {
    private(set) var runs: [Ledgers.Run] = []
    private(set) var unreadable: [String] = []
    // Of each process the run it has not ended yet: a handler does one after the other.
    private var open: [Place: Int] = [:]

    private struct Place: Hashable {
        let host: Deed.HostName
        let handler: Int32
    }

    init(_ bytes: some ContiguousBytes) {
        bytes.withUnsafeBytes { buffer in
            var start = 0
            while start < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
                let length = rest.firstIndex(of: UInt8(ascii: "\n"))
                let line = UnsafeRawBufferPointer(rebasing: rest[..<(length ?? rest.count)])
                // A line without its end was never written whole.
                if length == nil || !take(line) { unreadable.append(String(decoding: line, as: UTF8.self)) }
                start += line.count + 1
            }
        }
    }

    private mutating func take(_ line: UnsafeRawBufferPointer) -> Bool {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 9, let word = words[0].first, let name = JobName(words[1]),
            let attempt = Self.number(words[2]), let letter = words[3].first,
            let host = Deed.HostName(rawValue: letter == UInt8(ascii: "b") ? "b" : "a"),
            let worker = Self.number(words[4]), let handler = Self.number(words[5]), let at = Self.number(words[6]),
            let on = Self.number(words[7]), let last = words[8].first
        else { return false }
        let place = Place(host: host, handler: Int32(handler))
        switch word {
        case UInt8(ascii: "S"):
            guard let fingerprint = Self.hexadecimal(words[8]) else { return false }
            open[place] = runs.count
            runs.append(
                Ledgers.Run(
                    name: name, attempt: attempt, host: host, worker: Int32(worker), handler: Int32(handler),
                    startedAt: Double(at) / 1e9, startedOn: Double(on) / 1e9, fingerprint: fingerprint))
        case UInt8(ascii: "E"):
            guard let outcome = Ledgers.Run.Outcome(rawValue: last), let index = open.removeValue(forKey: place),
                runs[index].name == name
            else { return false }
            runs[index].endedAt = Double(at) / 1e9
            runs[index].endedOn = Double(on) / 1e9
            runs[index].outcome = outcome
        default: return false
        }
        return true
    }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
        guard !digits.isEmpty, digits.count < 20 else { return nil }
        var value = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value &* 10 &+ Int(byte - UInt8(ascii: "0"))
        }
        return value
    }

    private static func hexadecimal(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        guard !digits.isEmpty, digits.count <= 16 else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}
