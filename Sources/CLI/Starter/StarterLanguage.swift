import ArgumentParser

/// The languages there is a kit for.
enum StarterLanguage: String, CaseIterable, ExpressibleByArgument {
    case python, ruby, node, shell

    /// Of files in it.
    var suffix: String {
        switch self {
        case .python: "py"
        case .ruby: "rb"
        case .node: "mjs"
        case .shell: "sh"
        }
    }

    /// The program that runs them, as it is found in handlers' PATH.
    var interpreter: String {
        switch self {
        case .python: "python3"
        case .ruby: "ruby"
        case .node: "node"
        case .shell: "bash"
        }
    }

    /// The name of the kit's file, which handlers ask for.
    var kit: String { "martlet.\(suffix)" }
}
