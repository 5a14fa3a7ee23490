import Foundation
import Testing

@testable import Configuration

@Suite("The schema, the reference page and the sample file say the same")
struct SchemaTests {
    private let page = Fixture.root.appending(path: "docs/reference/configuration.md")
    private let sample = Fixture.root.appending(path: "config/martlet.yml")

    @Test("the reference page is the one the schema prints")
    func referencePage() throws {
        if Fixture.isPrinting { try Schema.referencePage().write(to: page, atomically: true, encoding: .utf8) }
        #expect(try String(contentsOf: page, encoding: .utf8) == Schema.referencePage())
    }

    @Test("every key and every override is on the reference page", arguments: Schema.keys)
    func documented(key: SchemaKey) throws {
        let text = try String(contentsOf: page, encoding: .utf8)
        #expect(text.contains("### `\(key.path)`\n"))
        #expect(!key.help.isEmpty)
    }

    @Test("no key stands in the schema twice")
    func unique() {
        #expect(Set(Schema.keys.map(\.path)).count == Schema.keys.count)
    }

    @Test("the sample file is a configuration that works as it is")
    func sampleWorks() throws {
        let bytes = Array(try Data(contentsOf: sample))
        let settings = try Fixture.decode(bytes).get().settings
        #expect(settings == (try Fixture.settings("handlers:\n")))
    }

    @Test("with every line put in force the sample file is valid and its values are the defaults")
    func sampleInFull() throws {
        let text = try String(contentsOf: sample, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> Substring in
            let isSetting = line.hasPrefix("#") && (!line.hasPrefix("# ") || line.hasPrefix("#  "))
            return isSetting ? line.dropFirst() : line
        }
        var settings = try Fixture.settings(lines.joined(separator: "\n"))
        #expect(settings.handlers.map(\.grace) == [5, 5])
        #expect(settings.handlers.map(\.startTimeout) == [30, 30])
        #expect(settings.handlers.map(\.threads) == [1, 1])
        #expect(settings.pools == [PoolSetting(name: "postgres", limit: 90)])
        settings.handlers = []
        settings.pools = []
        #expect(settings.capsules.map(\.name) == ["slow"])
        settings.capsules = []
        #expect(settings == (try Fixture.settings("handlers:\n")))
        for key in Schema.keys {
            // Those of mappings in place of a value stand in a comment: the value is in force. So does one without a default.
            let mapped =
                Schema.redisKeys + Schema.concurrencyKeys + Schema.processesKeys + Schema.queueKeys
                + [Schema.iterationRuntime]
            let isMapped = mapped.contains(key)
            #expect(
                lines.contains { $0.drop { $0 == " " || isMapped && $0 == "#" }.hasPrefix("\(key.name):") },
                "\(key.path)")
        }
    }
}
