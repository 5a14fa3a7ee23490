import Foundation
import TestSupport
import Testing

/// The Sidekiq that is installed: its client and its data API, in Ruby processes.
enum Gem {
    /// Why it cannot be used here, in words; nil if it can.
    static let trouble: String? = {
        let result = Program.run(["/usr/bin/env", "ruby", "-rsidekiq", "-e", "0"])
        return result.code == 0 ? nil : "ruby-sidekiq does not load; `make test-deps` installs it: \(result.errors)"
    }()

    /// Loads the gem and configures its client.
    static func prelude(socket: String) -> String {
        """
        require "sidekiq"; require "sidekiq/api"; require "json"
        Sidekiq.configure_client { |config| config.redis = { path: "\(socket)" } }
        Sidekiq.logger.level = Logger::WARN

        """
    }

    /// Runs a script whose last value, a hash, is the answer.
    static func run(
        _ script: String, socket: String, sourceLocation: SourceLocation = #_sourceLocation
    ) -> [String: Any] {
        let program = prelude(socket: socket) + "answer = begin\n\(script)\nend\nputs JSON.generate(answer)\n"
        let result = Program.run(["/usr/bin/env", "ruby", "-W0", "-"], input: Array(program.utf8), within: 120)
        #expect(result.code == 0, "\(result.errors)", sourceLocation: sourceLocation)
        return JSON.object(result.output)
    }
}
