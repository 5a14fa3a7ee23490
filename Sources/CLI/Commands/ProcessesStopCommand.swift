import ArgumentParser
import Queueing

/// `martlet processes stop`: lets processes end.
struct ProcessesStopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Let processes end: what does not end in time goes back to its queue.",
        discussion: """
            As the dashboard's button: it takes effect at their next heartbeat, within 10 s. The supervisor of a worker that was \
            stopped so starts another. `martlet processes stop --all --yes --wait 60s`. Exit status 75 if some are there still, 65 \
            if some could not be told.
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var order: OrderOptions

    func run() throws { try order.delivery.run(.stop, done: "gone", options) { $0 == nil } }
}
