import Foundation
import Handlers
import Insight
import JobModel
import Logging
import Worker

/// A tried job for people: a line for each thing that happens, then what it came to.
struct TrialText {
    let handler: String
    let mode: String

    func line(_ event: Trial.Event) -> String {
        switch event {
        case .output(let output):
            let tag = output.stream == .stdout ? "out" : "err"
            return switch output.content {
            case .line(let text): Self.tagged(tag, output.level == .info ? text : "[\(output.level)] \(text)")
            case .dropped(let bytes): Self.tagged(tag, "… \(bytes) bytes came too fast and are not shown")
            case .heldBack(let after, let last):
                Self.tagged(tag, "… more than \(after) bytes: the last \(last) of them follow at its end (`output`)")
            case .omitted(let bytes): Self.tagged(tag, "… \(bytes) bytes are not shown")
            }
        case .progress(let percent, let note):
            return Self.tagged(percent.map { "\(Int(min(max($0, -999), 999)))%" } ?? "…", note ?? "")
        case .chunk(let chunk):
            let checkpoint = chunk.checkpoint.map { ", checkpoint \(String(decoding: $0, as: UTF8.self))" } ?? ""
            return Self.tagged("chunk", "\(chunk.jobs.count) jobs\(checkpoint)")
        case .cursor(let cursor): return Self.tagged("at", String(decoding: cursor, as: UTF8.self))
        }
    }

    func lines(_ end: Trial.End) -> [String] {
        var lines = [""]
        if let failure = end.result.outcome.failure {
            lines.append(
                "\(Self.wide(end.outcome))\(failure.errorClass): \(failure.message.replacing("\n", with: "\n         "))"
            )
            lines += failure.backtrace.map { "         \($0)" }
        } else {
            lines.append(end.outcome)
        }
        if let sentence = end.sentence { lines.append("         \(sentence)") }
        lines.append(
            "time     \(Self.seconds(end.report.durationSeconds)) by handler \(handler) (\(mode))"
                + (end.readySeconds.map { ", whose process was ready after \(Self.seconds($0))" } ?? ""))
        if let cost = end.report.cost { lines.append("cost     \(Self.text(cost))") }
        for child in end.result.children {
            lines.append("pushed   \(String(decoding: child.payload, as: UTF8.self))")
        }
        return lines
    }

    private static func text(_ cost: RunCost) -> String {
        var parts = ["CPU \(seconds(cost.cpuSeconds))"]
        if cost.coreWaitSeconds >= 0.0005 { parts.append("wait for a core \(seconds(cost.coreWaitSeconds))") }
        parts.append("I/O \(Int((cost.ioShare * 100).rounded())) % of the time")
        if let memory = cost.memory, memory.highest > 0 {
            parts.append("peak memory \(String(format: "%.1f", Double(memory.highest) / 1_048_576)) MB")
            if memory.retained >= 1 << 20 { parts.append("kept \(memory.retained >> 20) MB") }
        }
        parts.append("printed \(cost.outputBytes) bytes")
        return parts.joined(separator: ", ")
    }

    /// A word that begins a line, so wide that what follows stands beneath one another.
    private static func wide(_ word: String) -> String {
        word + String(repeating: " ", count: max(1, 9 - word.count))
    }

    private static func seconds(_ seconds: Double) -> String { String(format: "%.3f s", seconds) }

    /// `out   | text`.
    private static func tagged(_ tag: String, _ text: String) -> String {
        let shown = text.unicodeScalars.map {
            $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F ? "\u{FFFD}" : String($0)
        }
        return tag + String(repeating: " ", count: max(0, 6 - tag.count)) + "| " + shown.joined()
    }
}
