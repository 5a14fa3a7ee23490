import Handlers
import Insight
import JobModel
import Logging
import Worker

/// A tried job for programs: one object on one line; docs/reference/cli.md lists the members. Jobs stand in it byte for byte.
struct TrialJSON {
    /// What a handler prints is kept up to so many lines.
    private static let mostLines = 10_000

    private var output: [[UInt8]] = []
    private var progress: [[UInt8]] = []
    private var chunks: [[UInt8]] = []
    /// The last element it has come to; nil if it does not iterate.
    private var cursor: [UInt8]?
    /// Lines beyond those.
    private var droppedLines = 0
    private var droppedBytes = 0

    mutating func note(_ event: Trial.Event) {
        var object = Object()
        switch event {
        case .output(let printed):
            switch printed.content {
            case .dropped(let bytes), .omitted(let bytes): droppedBytes += bytes
            case .heldBack: break
            case .line where output.count >= Self.mostLines: droppedLines += 1
            case .line(let text):
                object.add("stream", text: printed.stream.rawValue)
                object.add("level", text: printed.level.rawValue)
                object.add("text", text: text)
                output.append(object.bytes)
            }
        case .progress(let percent, let note):
            if let percent { object.add("percent", number: percent) }
            if let note { object.add("note", text: note) }
            progress.append(object.bytes)
        case .chunk(let chunk):
            object.add("jobs", list: chunk.jobs)
            if let checkpoint = chunk.checkpoint { object.add("checkpoint", raw: checkpoint) }
            chunks.append(object.bytes)
        case .cursor(let newest): cursor = newest
        }
    }

    func text(_ end: Trial.End, _ job: Job, queue: QueueName, handler: String, mode: String) -> [UInt8] {
        var object = Object()
        object.add("class", text: job.route.text)
        if let jid = job.jid { object.add("jid", text: jid) }
        object.add("queue", text: queue.text)
        object.add("attempt", number: Double(job.attempt))
        object.add("handler", text: handler)
        object.add("mode", text: mode)
        object.add("outcome", text: end.outcome)
        object.add("verdict", text: end.next.word)
        if let seconds = end.next.seconds { object.add("in", number: seconds) }
        if let failure = end.result.outcome.failure {
            var error = Object()
            error.add("class", text: failure.errorClass)
            error.add("message", text: failure.message)
            error.add("backtrace", list: failure.backtrace.map(JSONText.quote))
            object.add("error", raw: error.bytes)
        }
        if let pid = end.report.pid { object.add("pid", number: Double(pid)) }
        if let seconds = end.readySeconds { object.add("ready", number: seconds) }
        object.add("duration", number: end.report.durationSeconds)
        if let cost = end.report.cost { object.add("cost", raw: Self.object(cost).bytes) }
        object.add("pushed", list: end.result.children.map(\.payload))
        object.add("chunks", list: chunks)
        if let cursor { object.add("cursor", raw: cursor) }
        object.add("progress", list: progress)
        object.add("output", list: output)
        if droppedLines + droppedBytes > 0 {
            object.add("dropped_lines", number: Double(droppedLines))
            object.add("dropped_bytes", number: Double(droppedBytes))
        }
        return object.bytes + [0x0A]
    }

    private static func object(_ cost: RunCost) -> Object {
        var object = Object()
        object.add("wall", number: cost.wallSeconds)
        object.add("cpu", number: cost.cpuSeconds)
        object.add("core_wait", number: cost.coreWaitSeconds)
        if let peak = cost.memory?.highest, peak > 0 { object.add("peak_memory", number: Double(peak)) }
        if let memory = cost.memory { object.add("kept_memory", number: Double(memory.retained)) }
        object.add("output_bytes", number: Double(cost.outputBytes))
        return object
    }

    private typealias Object = ObjectText
}
