import ArgumentParser
import Configuration
import Insight
import Queueing

/// `martlet advise`: what runs cost, and what to change.
struct AdviseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "advise", abstract: "Show what jobs cost, and recommend what to change, with the arithmetic.",
        discussion: """
            Reads what all workers have measured, and looks at this host's cores and memory: run it where the jobs run. \
            Changes nothing.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Print JSON.") var json = false
    @Option(
        help: ArgumentHelp(
            "How far back, at most 72h. Up to an hour by the minute, beyond it by the hour.", valueName: "duration"))
    var last = "24h"
    @Option(
        name: .customLong("class"), help: ArgumentHelp("Show this class, and what concerns it.", valueName: "class"))
    var jobClass: String?

    /// How long the CPU is looked at.
    private static let cpuSeconds = 0.2

    func validate() throws {
        guard let seconds = DurationArgument.seconds(last), seconds >= 1, seconds <= CostReport.longestSeconds else {
            throw ValidationError("--last takes a duration from 1s to 72h, such as 30m or 24h, not '\(last)'")
        }
    }

    func run() throws {
        let settings = try options.load().settings
        let seconds = DurationArgument.seconds(last) ?? CostReport.longestSeconds
        let survey = try RedisAccess.with(settings) {
            try AdviceSurvey(settings, over: $0, last: seconds, cpuSeconds: Self.cpuSeconds)
        }
        var facts = survey.facts
        var advice = Advice(facts)
        if let jobClass {
            (advice, facts) = advice.about(jobClass, facts)
        }
        Output.line(
            json
                ? try AdviceJSON(advice, facts, now: survey.costs.now).text()
                : AdviceText.page(advice, facts, of: jobClass))
    }
}
