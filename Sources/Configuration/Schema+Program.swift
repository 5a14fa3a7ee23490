import JobModel

/// The keys of handlers whose program knows nothing of jobs.
extension Schema {
    static let arguments = SchemaKey(
        "handlers.NAME.arguments", .templates, .meaning("those of `command` alone"),
        "spawn: arguments that follow those of `command`, made of each job: `{args.0}` is its first argument, `{args.1.name}` "
            + "a member of its second, and there are `{jid}`, `{class}`, `{queue}` and `{attempt}`; `{{` and `}}` are braces. "
            + "Each stays one argument, whatever it holds, and no shell sees it. A value must be a text, a number, true or "
            + "false. A job that lacks one, or gives an argument of 64 KB or 256 KB in all, is dead at once with the class "
            + "`BadArguments`, and nothing is executed. See [Any program as it is](../guides/any-program.md).")
    static let argumentGuard = SchemaKey(
        "handlers.NAME.guard", .word(["true", "false"]), .value("true"),
        "spawn: an argument that begins with `-` only because a job's value does is refused, as it would be an option of the "
            + "program; the job is dead at once with the class `BadArguments`. It may begin so after an argument `--` in "
            + "`arguments`, and behind text of yours, as in `--name={args.0}`. `false` is for programs that know no options."
    )
    static let standardInput = SchemaKey(
        "handlers.NAME.stdin", .word(ProgramTerms.StandardInput.allCases.map(\.rawValue)), .value("payload"),
        "spawn: what stands on standard input. `payload`: the whole job; `args`: the JSON array of its arguments; each with a "
            + "line feed behind it. `none`: /dev/null.")
    static let success = SchemaKey(
        "handlers.NAME.success", .statuses, .value("[0]"), "spawn: exit statuses that mean done.")
    static let retryOn = SchemaKey(
        "handlers.NAME.retry_on", .statuses, .meaning("all but 65 that are named nowhere else"),
        "spawn: exit statuses that mean failed, to be retried as the job wants. Where the key is given, every status that none "
            + "of these keys names means dead: no retry. Signals, timeouts and failed starts are retried in any case.")
    static let discardOn = SchemaKey(
        "handlers.NAME.discard_on", .statuses, .meaning("none"),
        "spawn: exit statuses that mean that the job is to be dropped.")

    static let programKeys = [arguments, argumentGuard, standardInput, success, retryOn, discardOn]
}

extension SettingsDecoder {
    mutating func program(in section: Section) -> ProgramTerms {
        var terms = ProgramTerms()
        terms.arguments = arguments(in: section)
        terms.isGuarded =
            diagnosis.valueOrDefault(Schema.argumentGuard, in: section, Schema.argumentGuard.word) == "true"
        terms.standardInput =
            ProgramTerms.StandardInput(
                rawValue: diagnosis.valueOrDefault(Schema.standardInput, in: section, Schema.standardInput.word))
            ?? .payload
        var claims: [Int: (key: String, line: Int)] = [:]
        if let entry = section[Schema.success.name], let statuses = statuses(Schema.success, in: section, &claims) {
            terms.success = statuses
            if case .sequence(let nodes) = entry.value.content, nodes.isEmpty {
                diagnosis.report(
                    entry.value.place, "`\(section.title(of: Schema.success.name))` is empty, so no run would succeed")
            }
        } else {
            claims[0] = ("the default of `success`", section.place.line)
        }
        terms.retryOn = statuses(Schema.retryOn, in: section, &claims)
        terms.discardOn = statuses(Schema.discardOn, in: section, &claims) ?? []
        return terms
    }

    /// A process that is started before there is a job cannot be given any of it.
    mutating func noteWhatIsForSpawn(_ section: Section, _ mode: HandlerSettings.Mode) {
        for key in Schema.programKeys {
            guard let entry = section[key.name] else { continue }
            let title = "`\(section.title(of: key.name))`"
            guard key != Schema.arguments else {
                diagnosis.report(
                    entry.place,
                    "\(title) is made of each job, and in mode \(mode.rawValue) the process is there before; arguments that are "
                        + "always the same belong to `command`")
                continue
            }
            diagnosis.note(entry.place, "\(title) has no effect in mode \(mode.rawValue); it is for mode spawn")
        }
    }

    private mutating func arguments(in section: Section) -> [String] {
        let key = Schema.arguments
        let title = "`\(section.title(of: key.name))`"
        guard let entry = section[key.name] else { return [] }
        guard case .sequence(let nodes) = entry.value.content else {
            _ = diagnosis.texts(key, in: section)
            return []
        }
        return nodes.compactMap { node in
            guard let text = node.text else {
                let isBare = if case .mapping = node.content { true } else { false }
                let advice = isBare ? "; in quotes it is one: \"{args.0}\"" : ""
                diagnosis.report(node.place, "\(title) must hold texts only, not \(node.described)\(advice)")
                return nil
            }
            do throws(TemplateMistake) {
                return try ArgumentTemplate(text).text
            } catch {
                diagnosis.report(node.place, "\(title): \(quoted(text)) \(error.text)")
                return nil
            }
        }
    }

    /// - Parameter claims: which key took a status first.
    private mutating func statuses(
        _ key: SchemaKey, in section: Section, _ claims: inout [Int: (key: String, line: Int)]
    ) -> [Int]? {
        guard let texts = diagnosis.texts(key, in: section) else { return nil }
        let title = "`\(section.title(of: key.name))`"
        return texts.compactMap { text, place in
            guard let status = Quantity.integer(text), (0...255).contains(status) else {
                diagnosis.report(place, "\(title) must be \(key.expectation), not \(quoted(text))")
                return nil
            }
            if let claim = claims[status] {
                diagnosis.report(
                    place, "\(title) names \(status), which \(claim.key) does already (line \(claim.line)); keep one")
                return nil
            }
            claims[status] = ("`\(key.name)`", place.line)
            return status
        }
    }
}
