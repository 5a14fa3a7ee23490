import Glibc

/// A configuration that holds no mistake, with what is worth saying about it.
package struct LoadedConfiguration: Equatable, Sendable {
    package let settings: Settings
    /// Where the things stand that `HandlerProof` looks at.
    package let places: Places
    /// Settings without effect: worth a line, no reason to refuse.
    package let notes: [Problem]
    /// What was taken from a Sidekiq file; nil for one of ours.
    package let sidekiq: SidekiqSummary?
}

/// The way from a path to settings, with all mistakes at once: flags over environment over file over default.
package enum ConfigurationReader {
    /// Reads the settings; see `load`.
    package static func read(
        path: String, environment: [String: String], flags: FlagOverrides = FlagOverrides()
    ) -> Result<Settings, Problems> {
        load(path: path, environment: environment, flags: flags).map(\.settings)
    }

    /// Reads and decodes a file. Looks at nothing else but the directories in which bare commands are looked up and, if
    /// asked to, what the handlers name.
    ///
    /// - Parameters:
    ///   - path: as the user wrote it; messages show it so. A relative one counts from the working directory.
    ///   - environment: of the process; both `MARTLET_…` variables and those that choose a Sidekiq section.
    ///   - provesHandlers: also report what `HandlerProof` finds, together with the mistakes of the text.
    package static func load(
        path: String, environment: [String: String], flags: FlagOverrides = FlagOverrides(),
        provesHandlers: Bool = false
    ) -> Result<LoadedConfiguration, Problems> {
        do throws(Problem) {
            let bytes = try ConfigurationFile.read(path)
            let absolute = ExecutableSearch.absolute(path, from: workingDirectory())
            var reading = reading(
                bytes, file: path, absolutePath: absolute, environment: environment, flags: flags,
                isExecutable: ExecutableSearch.isExecutableFile)
            reading.note(author: ConfigurationFile.owner(of: path))
            if provesHandlers { reading.proveHandlers() }
            return reading.result
        } catch {
            var unused = Settings(file: path, directory: "/", queues: [])
            let others = Override.apply(environment: environment, flags: flags, to: &unused)
            return .failure(Problems([error] + others))
        }
    }

    /// Decodes a text; touches nothing outside its arguments, but for the number of cores that `processes: auto` means.
    ///
    /// - Parameters:
    ///   - file: what messages call the text.
    ///   - absolutePath: relative paths count from its directory.
    ///   - isExecutable: whether a path is a program, for bare commands.
    package static func decode(
        _ bytes: [UInt8], file: String, absolutePath: String, environment: [String: String],
        flags: FlagOverrides = FlagOverrides(), isExecutable: @escaping (String) -> Bool
    ) -> Result<LoadedConfiguration, Problems> {
        reading(
            bytes, file: file, absolutePath: absolutePath, environment: environment, flags: flags,
            isExecutable: isExecutable
        ).result
    }

    /// A text as far as it could be read.
    private struct Reading {
        var settings: Settings
        var places: Places
        var notes: [Problem] = []
        var problems: [Problem] = []
        var sidekiq: SidekiqSummary?

        var result: Result<LoadedConfiguration, Problems> {
            problems.isEmpty
                ? .success(LoadedConfiguration(settings: settings, places: places, notes: notes, sidekiq: sidekiq))
                : .failure(Problems(problems))
        }

        /// - Parameter author: the owner of the file.
        mutating func note(author: UInt32?) {
            for index in settings.handlers.indices { settings.handlers[index].confinement.author = author }
        }

        /// Of handlers whose command could be read; the others have a problem already.
        mutating func proveHandlers() {
            var provable = settings
            provable.handlers.removeAll { $0.command.first?.isEmpty ?? true }
            problems += HandlerProof.problems(in: provable, places: places)
        }
    }

    private static func reading(
        _ bytes: [UInt8], file: String, absolutePath: String, environment: [String: String], flags: FlagOverrides,
        isExecutable: @escaping (String) -> Bool
    ) -> Reading {
        let directory = ExecutableSearch.parent(of: absolutePath)
        var reading = Reading(
            settings: Settings(file: absolutePath, directory: directory, queues: []), places: Places(file: file))
        do throws(YAMLMistake) {
            let around = SidekiqSurroundings(variables: environment, flags: flags)
            let text = try ConfigurationFile.text(bytes)
            let source = evaluated(text, file: absolutePath, variables: environment, section: around.environment)
            if source.mistakes.isEmpty {
                let document = try composed(source)
                var decoder = SettingsDecoder(
                    document: document, file: file, directory: directory, isExecutable: isExecutable)
                reading.settings = decoder.settings(path: absolutePath, around: around) ?? reading.settings
                reading.problems = decoder.diagnosis.problems.map(source.places.source)
                reading.places = source.places.source(of: decoder.places)
                reading.notes = decoder.diagnosis.notes.map(source.places.source)
                reading.sidekiq = decoder.summary
            }
            reading.problems += source.mistakes.map { Problem(file: file, at: $0.place, message: $0.message) }
        } catch {
            reading.problems = [Problem(file: file, at: error.place, message: error.message)]
        }
        reading.problems.sort { ($0.line ?? 0, $0.column ?? 0) < ($1.line ?? 0, $1.column ?? 0) }
        reading.problems += Override.apply(environment: environment, flags: flags, to: &reading.settings)
        return reading
    }

    /// The text with its ERB evaluated, if it is Sidekiq's.
    private static func evaluated(
        _ text: String, file: String, variables: [String: String], section: String
    ) -> ERBTemplate.Result {
        guard text.contains("<%"), SidekiqFile.mayBeMeant(by: text, file: file) else {
            var result = ERBTemplate.Result()
            result.text = text.unicodeScalars
            return result
        }
        return ERBTemplate.evaluate(text, variables: variables, section: section)
    }

    private static func composed(_ source: ERBTemplate.Result) throws(YAMLMistake) -> YAMLDocument {
        do throws(YAMLMistake) {
            return try YAMLDocument(composing: String(source.text))
        } catch {
            throw YAMLMistake(place: source.places.source(of: error.place), message: error.message)
        }
    }

    /// What holds without a file, for commands that need Redis alone; nil if neither flags nor environment say where that is.
    package static func defaults(
        environment: [String: String], flags: FlagOverrides
    ) -> Result<LoadedConfiguration, Problems>? {
        guard Override.namesRedis(environment: environment, flags: flags) else { return nil }
        return decode(
            Array("handlers: {}".utf8), file: "martlet", absolutePath: "/martlet.yml", environment: environment,
            flags: flags, isExecutable: { _ in false })
    }

    private static func workingDirectory() -> String {
        guard let buffer = getcwd(nil, 0) else { return "/" }
        defer { free(buffer) }
        return String(cString: buffer)
    }
}
