import Configuration
import Glibc

/// What `martlet check` says of a file that is Sidekiq's.
enum SidekiqReport {
    /// "Sidekiq's file, for production; taken: concurrency, queues".
    static func line(_ summary: SidekiqSummary) -> String {
        let section = summary.hasSection ? "with its section \(summary.environment)" : "for \(summary.environment)"
        let taken = summary.taken.isEmpty ? "nothing" : summary.taken.joined(separator: ", ")
        let threads = summary.concurrencyOrigin.map { "; concurrency from \($0)" } ?? ""
        return "Sidekiq's file, \(section); taken: \(taken)\(threads)"
    }

    /// A section `handlers` to begin with. Sidekiq keeps such a section without looking at it.
    static func suggestion(_ settings: Settings) -> String {
        let isBelow = settings.directory.hasSuffix("/config")
        let root = isBelow ? String(settings.directory.dropLast("/config".count)) : settings.directory
        let isRails = access("\(root)/config/environment.rb", F_OK) == 0
        let program = isRails ? "config/environment.rb" : "jobs.rb"
        let directory = isBelow ? "\n    directory: .." : ""
        return """
              to begin with, write this below (Sidekiq ignores it), and put the kit martlet.rb beside \(program):

            handlers:
              ruby:
                command: [/usr/bin/ruby, \(isRails ? "config/" : "")martlet.rb, \(program)]\(directory)
                classes: ["*"]
                mode: fork
            """
    }
}
