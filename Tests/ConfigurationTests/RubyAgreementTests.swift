import Foundation
import TestSupport
import Testing

@testable import Configuration

@Suite(
    "Ruby itself comes to the same",
    .enabled(if: Program.run(["/usr/bin/env", "ruby", "-rerb", "-ryaml", "-rjson", "-e", "0"]).code == 0))
struct RubyAgreementTests {
    /// What Rails brings along, as far as the expressions use it; `Rails.env` is production.
    private static let prelude = """
        require "erb"; require "yaml"; require "json"; require "socket"
        class Object
          def blank? = respond_to?(:empty?) ? empty? : !self
          def present? = !blank?
          def presence = (self if present?)
          def in?(list) = list.include?(self)
        end
        class String; def blank? = strip.empty?; end
        class Environment < String; def method_missing(name) = self == name.to_s.chomp("?"); end
        module Rails; def self.env = Environment.new("production"); end
        load = ->(text) { YAML.safe_load(text, permitted_classes: [Symbol], aliases: true) }

        """

    private func ruby(_ script: String, _ question: Any, _ variables: [String: String]) throws -> [Any] {
        let input = Array(try JSONSerialization.data(withJSONObject: question))
        let answer = Program.run(
            ["/usr/bin/env", "ruby", "-W0", "-e", Self.prelude + script], input: input,
            environment: Program.cleanEnvironment + variables.map { "\($0)=\($1)" })
        #expect(answer.code == 0, "\(answer.errors)")
        return try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [Any] ?? []
    }

    @Test("of each expression")
    func expressions() throws {
        let script =
            #"puts JSON.generate(JSON.parse(STDIN.read).map { |ruby| ERB.new("<%= #{ruby}\n%>", trim_mode: "-").result })"#
        let found = try ruby(script, ERBTests.printed.map(\.0), ERBTests.variables)
        #expect(found as? [String] == ERBTests.printed.map(\.1))
    }

    @Test("of each file of the corpus that it can read")
    func files() throws {
        let variables = ["RAILS_ENV": "production", "RAILS_MAX_THREADS": "7", "QUEUE_PREFIX": "blue"]
        let bad = ["indented.yml", "ruby.yml", "unclosed.yml"]
        let pairs = try Fixture.names(in: "sidekiq", ending: ".yml").filter { !bad.contains($0) }.map { name in
            let text = try Fixture.text("sidekiq/\(name)")
            let ours = ERBTemplate.evaluate(text, variables: variables, section: "production")
            return [name, text, String(ours.text)]
        }
        let script = """
            puts JSON.generate(JSON.parse(STDIN.read).reject { |_, text, ours|
              load.(ERB.new(text, trim_mode: "-").result) == load.(ours)
            }.map(&:first))
            """
        #expect(pairs.count > 5)
        #expect(try ruby(script, pairs, variables) as? [String] == [])
    }
}
