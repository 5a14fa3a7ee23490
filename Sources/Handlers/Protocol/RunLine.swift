import JobModel

/// The lines we write to a serve process's descriptor 3.
enum RunLine {
    static let quiet = Array("{\"quiet\":true}\n".utf8)

    /// Gives up a run that was started.
    static func cancel(_ run: Int) -> [UInt8] { Array("{\"cancel\":\(run)}\n".utf8) }

    /// What a run is told that iterates.
    static func iteration(_ run: Int, _ message: IterationMessage) -> [UInt8] {
        var line: [UInt8]
        let cancelledAt: Int?
        switch message {
        case .goOn(let state, let cancelled):
            line = Array("{\"iterate\":\(run),\"cursor\":".utf8)
            SingleLine.append(state.cursor, to: &line)
            line += Array(",\"executions\":\(state.executions),\"runtime\":\(state.runtimeSeconds)".utf8)
            cancelledAt = cancelled
        case .interrupt(let cancelled):
            line = Array("{\"interrupt\":\(run)".utf8)
            cancelledAt = cancelled
        }
        if let cancelledAt { line += Array(",\"cancelled\":\(cancelledAt)".utf8) }
        return line + Array("}\n".utf8)
    }

    /// Appends the line that starts a run. The job member is the payload's own bytes, except that a line break between
    /// its tokens becomes a space (inside a string JSON allows none).
    ///
    /// - Parameters:
    ///   - isLast: no retry is left if it fails.
    ///   - deadlineMilliseconds: since the epoch; left out of the line if there is none.
    ///   - checkpoint: of an earlier attempt; likewise.
    static func append(
        run: Int, attempt: Int, isLast: Bool = false, deadlineMilliseconds: Int64?,
        checkpoint: ArraySlice<UInt8>? = nil,
        payload: [UInt8], to line: inout [UInt8]
    ) {
        append("{\"run\":", to: &line)
        append(Int64(run), to: &line)
        append(",\"attempt\":", to: &line)
        append(Int64(attempt), to: &line)
        if isLast { append(",\"last\":true", to: &line) }
        if let deadlineMilliseconds {
            append(",\"deadline\":", to: &line)
            append(deadlineMilliseconds, to: &line)
        }
        if let checkpoint {
            append(",\"checkpoint\":", to: &line)
            SingleLine.append(Array(checkpoint), to: &line)
        }
        append(",\"job\":", to: &line)
        SingleLine.append(payload, to: &line)
        append("}\n", to: &line)
    }

    private static func append(_ text: StaticString, to line: inout [UInt8]) {
        line.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Decimal digits without the string that interpolation would allocate for every job.
    private static func append(_ number: Int64, to line: inout [UInt8]) {
        var rest = number.magnitude
        let start = line.count
        repeat {
            line.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        if number < 0 { line.append(UInt8(ascii: "-")) }
        line[start...].reverse()
    }
}
