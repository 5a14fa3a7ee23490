import ArgumentParser
import Configuration

/// Which processes an order goes to, and how long to wait until it is carried out.
struct OrderOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Processes: an identity, the beginning of one, or HOST:PID.", valueName: "id"))
    var names: [String] = []
    @Flag(help: "All processes of all hosts; with --yes.") var all = false
    @Flag(help: "Do it: without this, --all says which processes it would be.") var yes = false
    @Option(help: ArgumentHelp("Wait at most so long until they have done it, such as 60s.", valueName: "duration"))
    var wait: String?
    @Flag(help: "Print JSON.") var json = false

    var delivery: OrderDelivery {
        OrderDelivery(
            names: all ? nil : names, isSure: yes, waitSeconds: wait.flatMap(DurationArgument.seconds), json: json)
    }

    func validate() throws {
        if names.contains("") { throw ValidationError("a process has a name") }
        if names.isEmpty != all { throw ValidationError("name processes, or --all") }
        if yes && !all { throw ValidationError("--yes goes with --all") }
        if let wait, DurationArgument.seconds(wait) == nil {
            throw ValidationError("--wait takes a duration such as 30, 500ms, 5s, 5m or 2h, not '\(wait)'")
        }
    }
}
