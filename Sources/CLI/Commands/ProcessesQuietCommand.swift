import ArgumentParser
import Queueing

/// `martlet processes quiet`: lets processes fetch nothing more.
struct ProcessesQuietCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quiet", abstract: "Let processes fetch nothing more; what runs goes on, and they stay.",
        discussion: """
            As the dashboard's button: it takes effect at their next heartbeat, within 10 s. \
            `martlet processes quiet web1:4711 --wait 30s`. Exit status 75 if some are not quiet by then, 65 if some could not be \
            told.
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var order: OrderOptions

    // One that is gone fetches nothing, too.
    func run() throws { try order.delivery.run(.quiet, done: "quiet", options) { $0?.isQuiet ?? true } }
}
