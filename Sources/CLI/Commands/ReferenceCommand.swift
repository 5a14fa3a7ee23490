import ArgumentParser
import Configuration

/// `martlet reference`: prints docs/reference/configuration.md from the schema.
struct ReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Print the reference of the configuration.")

    func run() { Output.bytes(Array(Schema.referencePage().utf8)) }
}
