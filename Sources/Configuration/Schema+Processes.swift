/// The keys of handlers that say how many processes there are and when they are replaced.
extension Schema {
    static let handlerProcesses = SchemaKey(
        "handlers.NAME.processes", .bounds(1...1000), .meaning("none at least, and as many as the slots can use"),
        "serve, fork: how many processes of it a worker has. `4`: always four. `{ min: 2, max: 6 }`: two are started with the "
            + "worker and stay, four more come with the jobs. `{ max: 6 }`: all come with the jobs. Never more than the slots "
            + "can use; a job beyond them waits in its slot.")
    static let handlerProcessesMinimum = SchemaKey(
        "handlers.NAME.processes.min", .integer(0...1000), .value("0"),
        "They are started before there is a job, and neither `idle_timeout` nor `max_age` leaves fewer.")
    static let handlerProcessesMaximum = SchemaKey(
        "handlers.NAME.processes.max", .integer(1...1000), .meaning("as many as the slots can use"),
        "Never more at once, but for those that are just being replaced.")
    static let watch = SchemaKey(
        "handlers.NAME.watch", .word(["true", "false"]), .value("false"),
        "serve, fork: replaces its processes as soon as a file of its program has changed; for writing one. These files are "
            + "the program, the arguments of `command` that are files, and beside and below each of these all with the same "
            + "ending, such as `*.py`. A program that does not start leaves those that run alone. Mode fork looks at them "
            + "always, every 2s instead of every 200ms.")
    static let handlerProcessKeys: [SchemaKey] = [handlerProcesses, watch]
    static let handlerProcessesKeys: [SchemaKey] = [handlerProcessesMinimum, handlerProcessesMaximum]
}

extension SettingsDecoder {
    mutating func processRange(in section: Section) -> ProcessRange {
        guard let entry = section[Schema.handlerProcesses.name] else { return ProcessRange() }
        let title = section.title(of: Schema.handlerProcesses.name)
        guard let bounds = diagnosis.section(entry.value, path: title, document: document) else {
            return fixed(entry, title: title)
        }
        diagnosis.reportUnknownKeys(in: bounds, known: Schema.handlerProcessesKeys)
        let range = ProcessRange(
            minimum: diagnosis.valueOrDefault(
                Schema.handlerProcessesMinimum, in: bounds, Schema.handlerProcessesMinimum.integer),
            maximum: diagnosis.value(Schema.handlerProcessesMaximum, in: bounds, Schema.handlerProcessesMaximum.integer)
        )
        if let maximum = range.maximum, range.minimum > maximum {
            diagnosis.report(
                entry.value.place, "`\(title)` has a `min` of \(range.minimum), more than its `max` of \(maximum)")
        }
        return range
    }

    /// As many at least as at most.
    private mutating func fixed(_ entry: YAMLEntry, title: String) -> ProcessRange {
        guard let text = entry.value.text else {
            diagnosis.report(
                entry.value.place,
                "`\(title)` must be \(Schema.handlerProcesses.expectation), not \(entry.value.described)")
            return ProcessRange()
        }
        guard let count = Quantity.integer(text), (1...1000).contains(count) else {
            diagnosis.report(
                entry.value.place, "`\(title)` must be \(Schema.handlerProcesses.expectation), not \(quoted(text))")
            return ProcessRange()
        }
        return ProcessRange(minimum: count, maximum: count)
    }
}
