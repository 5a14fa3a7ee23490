import ArgumentParser
import Configuration
import Glibc

/// The options that say what to work with, the same for every command.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: [.customShort("C"), .customLong("config")],
        help: ArgumentHelp(
            "The configuration (default: /etc/martlet/martlet.yml, then config/martlet.yml).", valueName: "file"))
    var file: String?

    @Option(help: ArgumentHelp("Redis, over the file and MARTLET_REDIS.", valueName: "url"))
    var redis: String?

    @Option(
        name: [.customShort("e"), .customLong("environment")],
        help: ArgumentHelp("Which section of a sidekiq.yml counts, over APP_ENV.", valueName: "name"))
    var environment: String?

    static let defaultFiles = ["/etc/martlet/martlet.yml", "config/martlet.yml"]
    /// Where Sidekiq looks: only told of, since a daemon beside it is not meant to start by its file unasked.
    private static let sidekiqFiles = ["config/sidekiq.yml", "config/sidekiq.yml.erb"]

    /// Reads the configuration; prints every mistake and ends with status 78 if there is one.
    ///
    /// - Parameter provesHandlers: programs, directories and users that handlers name must be there, too.
    func load(flags: FlagOverrides = FlagOverrides(), provesHandlers: Bool = false) throws -> LoadedConfiguration {
        try accepted(read(flags: flags, provesHandlers: provesHandlers), showsNotes: provesHandlers)
    }

    /// For commands that need Redis and no handler: if no file at the usual places may be read, but it is said where Redis is,
    /// the defaults.
    func loadForRedis() throws -> Settings {
        guard file == nil, !Self.defaultFiles.contains(where: { access($0, R_OK) == 0 }),
            let defaults = ConfigurationReader.defaults(
                environment: Self.environment(), flags: FlagOverrides(redis: redis, environment: environment))
        else { return try load().settings }
        return try accepted(defaults, showsNotes: false).settings
    }

    /// - Parameter showsNotes: a whole file of Sidekiq's has many, which a command beside the service need not repeat.
    private func accepted(
        _ result: Result<LoadedConfiguration, Problems>, showsNotes: Bool
    ) throws -> LoadedConfiguration {
        switch result {
        case .success(let loaded):
            if showsNotes || loaded.sidekiq == nil { for note in loaded.notes { Output.error("\(note)") } }
            return loaded
        case .failure(let problems):
            Output.error("\(problems)")
            throw Exit.configuration
        }
    }

    /// The configuration, or everything that is wrong with it.
    func read(flags: FlagOverrides, provesHandlers: Bool) -> Result<LoadedConfiguration, Problems> {
        var flags = flags
        flags.redis = redis ?? flags.redis
        flags.environment = environment
        let variables = ConfigurationOptions.environment()
        guard let path = file ?? Self.defaultFiles.first(where: { access($0, F_OK) == 0 }) else {
            let places = Self.defaultFiles.joined(separator: " or ")
            let theirs = Self.sidekiqFiles.first { access($0, R_OK) == 0 }
            let advice = theirs.map { ", such as -C \($0), which is there" } ?? ""
            let message = "no configuration at \(places); name one with -C FILE\(advice)"
            return .failure(Problems([Problem(file: "martlet", message: message)]))
        }
        return ConfigurationReader.load(
            path: path, environment: variables, flags: flags, provesHandlers: provesHandlers)
    }

    /// This process's environment. The first of a name counts, as for getenv(3).
    static func environment() -> [String: String] {
        var found: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2, found[String(pair[0])] == nil { found[String(pair[0])] = String(pair[1]) }
            entry = entry.advanced(by: 1)
        }
        return found
    }
}
