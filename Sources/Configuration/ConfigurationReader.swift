import Glibc

/// A configuration that holds no mistake, with what is worth saying about it.
package struct LoadedConfiguration: Equatable, Sendable {
    package let settings: Settings
    /// Where the things stand that `HandlerProof` looks at.
    package let places: Places
    /// Settings without effect: worth a line, no reason to refuse.
    package let notes: [Problem]
}

/// The way from a path to settings, with all mistakes at once: flags over environment over file over default.
package enum ConfigurationReader {
    /// Reads the settings; see `load`.
    package static func read(
        path: String, environment: [String: String], flags: FlagOverrides = FlagOverrides()
    ) -> Result<Settings, Problems> {
        load(path: path, environment: environment, flags: flags).map(\.settings)
    }

    /// Reads and decodes a file. Looks at nothing else but the directories in which bare commands are looked up.
    ///
    /// - Parameters:
    ///   - path: as the user wrote it; messages show it so. A relative one counts from the working directory.
    ///   - environment: of the process; both `MARTLET_…` variables and those that choose a Sidekiq section.
    package static func load(
        path: String, environment: [String: String], flags: FlagOverrides = FlagOverrides()
    ) -> Result<LoadedConfiguration, Problems> {
        do throws(Problem) {
            let bytes = try ConfigurationFile.read(path)
            let absolute = ExecutableSearch.absolute(path, from: workingDirectory())
            return decode(
                bytes, file: path, absolutePath: absolute, environment: environment, flags: flags,
                isExecutable: ExecutableSearch.isExecutableFile)
        } catch {
            var unused = Settings(file: path, directory: "/", queues: [])
            let others = Override.apply(environment: environment, flags: flags, to: &unused)
            return .failure(Problems([error] + others))
        }
    }

    /// Decodes a text; touches nothing outside its arguments.
    ///
    /// - Parameters:
    ///   - file: what messages call the text.
    ///   - absolutePath: relative paths count from its directory.
    ///   - isExecutable: whether a path is a program, for bare commands.
    package static func decode(
        _ bytes: [UInt8], file: String, absolutePath: String, environment: [String: String],
        flags: FlagOverrides = FlagOverrides(), isExecutable: @escaping (String) -> Bool
    ) -> Result<LoadedConfiguration, Problems> {
        let directory = ExecutableSearch.parent(of: absolutePath)
        var settings = Settings(file: absolutePath, directory: directory, queues: [])
        var problems: [Problem] = []
        var places = Places(file: file)
        var notes: [Problem] = []
        do throws(YAMLMistake) {
            let document = try YAMLDocument(composing: try ConfigurationFile.text(bytes))
            var decoder = SettingsDecoder(
                document: document, file: file, directory: directory, isExecutable: isExecutable)
            let section = SidekiqFile.environment(environment)
            settings = decoder.settings(path: absolutePath, sidekiqEnvironment: section) ?? settings
            problems = decoder.diagnosis.problems
            places = decoder.places
            notes = decoder.diagnosis.notes
        } catch {
            problems = [Problem(file: file, at: error.place, message: error.message)]
        }
        problems.sort { ($0.line ?? 0, $0.column ?? 0) < ($1.line ?? 0, $1.column ?? 0) }
        problems += Override.apply(environment: environment, flags: flags, to: &settings)
        guard problems.isEmpty else { return .failure(Problems(problems)) }
        return .success(LoadedConfiguration(settings: settings, places: places, notes: notes))
    }

    private static func workingDirectory() -> String {
        guard let buffer = getcwd(nil, 0) else { return "/" }
        defer { free(buffer) }
        return String(cString: buffer)
    }
}
