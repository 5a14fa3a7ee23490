import Foundation
import Synchronization

/// Reads lines from Martlet, also while jobs run, and does each run in a task of its own.
final class Server: Sendable {
    private struct State {
        var runs: [Int: (task: Task<Void, Never>, deadline: Date?, isCancelled: Bool)] = [:]
        var isQuiet = false
        var whenEnded: CheckedContinuation<Void, Never>?
    }

    private let martlet: Martlet
    private let input: Int32
    private let wire: Wire
    private let state = Mutex(State())

    init(_ martlet: Martlet, input: Int32, wire: Wire) {
        self.martlet = martlet
        self.input = input
        self.wire = wire
    }

    /// Returns when no more jobs will come and none runs.
    func serve() async {
        Surroundings.onTerminate { [self] in giveUp() }
        await withCheckedContinuation { continuation in
            state.withLock { $0.whenEnded = continuation }
            Thread.detachNewThread { [self] in read() }
            wire.send(["ready": true])
        }
    }

    private func read() {
        var lines = Lines(input)
        while let line = lines.next() {
            if let head = try? JSONDecoder().decode(RunHead.self, from: line) {
                start(Run(head, source: RunSource(text: line, isPayload: false), wire: wire))
            } else if let number = Self.runNumber(in: line) {
                // It holds a slot until it is answered.
                let kind = Answer.Kind.failed(class: "BadRun", message: "the run cannot be read", backtrace: [])
                wire.send(Answer(kind, number: .number(number)))
            } else if let order = try? JSONDecoder().decode(Order.self, from: line) {
                if let number = order.cancel { cancel(number) }
                if order.quiet != nil { end() }
            }
            // Anything else is of a later version of the protocol.
        }
        end()
        // Nobody would read the answers of those that run.
        if state.withLock({ !$0.runs.isEmpty }) { Surroundings.exit() }
    }

    /// The number of a run that cannot be read as a whole; nil if the line is none.
    private static func runNumber(in line: Data) -> Int? {
        struct Numbered: Decodable { let run: Int }
        if let numbered = try? JSONDecoder().decode(Numbered.self, from: line) { return numbered.run }
        let digits = String(decoding: line.prefix(64), as: UTF8.self).prefixMatch(of: /\s*\{\s*"run"\s*:\s*(\d+)\b/)?.1
        return digits.flatMap { Int($0) }
    }

    private struct Order: Decodable {
        let cancel: Int?
        let quiet: Bool?
    }

    private func start(_ run: Run) {
        guard case .number(let number) = run.number else { return }
        wire.running.add(1, ordering: .relaxed)
        state.withLock { state in
            let task = Task { [self] in
                let answer = await martlet.perform(run)
                wire.running.subtract(1, ordering: .relaxed)
                wire.send(answer)
                finish(number)
            }
            state.runs[number] = (task, run.deadline, false)
        }
    }

    private func finish(_ number: Int) {
        let isQuiet = state.withLock {
            $0.runs[number] = nil
            return $0.isQuiet
        }
        if isQuiet { end() }
    }

    private func cancel(_ number: Int) {
        state.withLock {
            $0.runs[number]?.isCancelled = true
            $0.runs[number]?.task.cancel()
        }
    }

    /// SIGTERM: for the runs that are cancelled or past their deadline, or for all if there are none.
    private func giveUp() {
        state.withLock { state in
            let meant = state.runs.values.filter { $0.isCancelled || $0.deadline.map { $0 <= Date() } ?? false }
            for run in meant.isEmpty ? Array(state.runs.values) : meant { run.task.cancel() }
        }
        end()
    }

    private func end() {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isQuiet = true
            guard state.runs.isEmpty else { return nil }
            defer { state.whenEnded = nil }
            return state.whenEnded
        }
        continuation?.resume()
    }
}

/// A job on standard input, in a process of its own.
struct SpawnedJob {
    let martlet: Martlet

    init(_ martlet: Martlet) { self.martlet = martlet }

    /// Does not return: the exit status is part of the answer.
    func run() async {
        let environment = ProcessInfo.processInfo.environment
        let payload = FileHandle.standardInput.readDataToEndOfFile()
        let wire = Wire(Surroundings.verdictDescriptor)
        let checkpoint = environment["MARTLET_CHECKPOINT"].map { Data($0.utf8) }
        let source = RunSource(text: payload, checkpoint: checkpoint, isPayload: true)
        guard let head = try? RunHead(payload: payload, environment: environment) else {
            wire.log(.error, "standard input is not a job", jid: nil)
            Surroundings.exit(65)
        }
        let task = Mutex<Task<Answer, Never>?>(nil)
        Surroundings.onTerminate { task.withLock { $0?.cancel() } }
        let started = Task { await martlet.perform(Run(head, source: source, wire: wire)) }
        task.withLock { $0 = started }
        let answer = await started.value
        wire.send(answer)  // `done` too: a status of 0 alone may be how a program answers SIGTERM.
        switch answer.kind {
        case .done, .discard, .snooze: Surroundings.exit()
        case .failed: Surroundings.exit(75)
        case .dead: Surroundings.exit(65)
        }
    }
}
