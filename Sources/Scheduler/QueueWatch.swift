import Configuration
import Insight
import JobModel
import Platform

/// What the scheduler keeps in mind of the queues with a promise, and of the number of workers.
final class QueueWatch {
    let queues: [QueueName]
    var promises: [QueueName: QueuePromise]
    var control: ProcessControl?
    let processors = ProcessorWatch()
    let memory = MemoryWatch()
    let littleMemory: Double
    /// The pid of the workers' parent.
    let supervisor: Int32
    /// Tells the supervisor how many workers are wanted.
    let want: (Int) -> Void

    /// - Returns: nil if nothing is promised and the number of workers is fixed.
    init?(_ settings: Settings, supervisor: Int32, want: @escaping (Int) -> Void) {
        let promised = settings.everyCapsule.flatMap(\.queues).filter { $0.latency != nil }
        guard !promised.isEmpty || settings.autoProcesses != nil else { return nil }
        queues = settings.allQueues
        promises = Dictionary(
            promised.map { ($0.name, QueuePromise(promised: $0.latency ?? 0)) }, uniquingKeysWith: { first, _ in first }
        )
        control = settings.autoProcesses.map { ProcessControl($0.minimum...$0.maximum) }
        // Well before back-pressure begins.
        littleMemory = 1.5 * settings.memory.available
        self.supervisor = supervisor
        self.want = want
    }
}
