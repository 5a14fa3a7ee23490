/// The keys that wall a handler's processes in.
extension Schema {
    static let group = SchemaKey(
        "handlers.NAME.group", .text, .meaning("the user's own"),
        "Group whose rights the process gets in place of its user's own group; to become another group Martlet must be started "
            + "as root. The groups that the user belongs to besides stay.")
    static let umask = SchemaKey(
        "handlers.NAME.umask", .mask, .meaning("that of Martlet; the unit for systemd says 0077"),
        "Rights that files the process makes do not get: umask(2). 027 keeps others out.")
    static let nice = SchemaKey(
        "handlers.NAME.nice", .integer(-20...19), .meaning("that of Martlet"),
        "Its nice value, see nice(1): 19 leaves the processors to everybody else. Below that of Martlet it needs root or "
            + "CAP_SYS_NICE. Where each handler process has a cgroup of its own, all of them together still have the share of "
            + "the service, and `limits.cpu_weight` divides it.")
    static let ioPriority = SchemaKey(
        "handlers.NAME.ionice", .ioPriority, .meaning("that of Martlet"),
        "In what order a busy disk serves it, see ionice(1). Only the schedulers `bfq` and `mq-deadline` look at it.")

    static let privateTmp = SchemaKey(
        "handlers.NAME.private_tmp", .boolean, .value("false"),
        "`true`: each process gets a directory for temporary files of its own below `/tmp`, which nobody else can read, named in "
            + "`TMPDIR`, `TMP` and `TEMP`. It is removed with all in it after the process has ended, also when the worker was "
            + "killed. Children of a process in mode fork share its directory.")
    static let output = SchemaKey(
        "handlers.NAME.output", .size(4 << 10...1 << 40), .value("256KB"),
        "What one run may print into the log: three quarters are passed on as they come (of a large `output` all but 64 KB), of "
            + "the rest the last part when the run ends, after a line that says how much was left out. Where a process has several runs "
            + "at once, they have so much for each of them together, anew when one ends. A process without a run is not held to it."
    )
    static let trust = SchemaKey(
        "handlers.NAME.trust", .texts, .meaning("nobody else"),
        "Users who may exchange the program, by name or number, besides root, the user Martlet runs as, the handler's `user` and "
            + "the owner of this file. A program that somebody else could exchange is not executed; "
            + "[Confine handlers](../guides/confine-handlers.md#the-program-is-checked) says what is looked at. "
            + "`[\"*\"]`: nothing is.")

    static let confinementKeys = [group, umask, nice, ioPriority, privateTmp, output, trust]

    static let cpuWeight = SchemaKey(
        "handlers.NAME.limits.cpu_weight", .integer(1...10_000), .meaning("100, as everybody"),
        "Its share of the processors that all handler processes want (`cpu.weight` of its cgroup): one with 200 gets twice as "
            + "much as one with 100. What nobody else wants it gets anyway.")
    static let openFileLimit = SchemaKey(
        "handlers.NAME.limits.open_files", .integer(16...1_073_741_816),
        .meaning("what Martlet was started with (`LimitNOFILE=` of the unit)"),
        "Files one process may have open (RLIMIT_NOFILE), soft and hard limit. Beyond it opening fails with `EMFILE`. Programs "
            + "that use select(2) fail on numbers above 1023.")
    static let processLimit = SchemaKey(
        "handlers.NAME.limits.processes", .integer(1...4_194_304), .meaning("what Martlet was started with"),
        "Processes and threads that the *user* may have on the whole machine when one of these processes starts another one "
            + "(RLIMIT_NPROC); then that fails with `EAGAIN`. It counts what the user does elsewhere too, and root is not held to "
            + "it: prefer `tasks`.")
    static let cpuTimeLimit = SchemaKey(
        "handlers.NAME.limits.cpu_time", .duration(1...365 * day), .meaning("no limit"),
        "CPU time of one process, whole seconds (RLIMIT_CPU): SIGXCPU, and SIGKILL after 5 s more. A process that serves many "
            + "jobs uses it up over its whole life: there prefer `timeout`.")
    static let fileSizeLimit = SchemaKey(
        "handlers.NAME.limits.file_size", .size(0...1 << 50), .meaning("no limit"),
        "What a file may grow to by the writes of one process (RLIMIT_FSIZE): SIGXFSZ, or `EFBIG` where that is ignored, as "
            + "Python does. Pipes and sockets do not count.")
    static let coreLimit = SchemaKey(
        "handlers.NAME.limits.core", .size(0...1 << 50),
        .meaning("what Martlet was started with; the unit for systemd says 0"),
        "What a core file may grow to (RLIMIT_CORE); 0: there is none. A core file holds the payload.")

    /// Keys of a handler's `limits`.
    package static let processLimitKeys = [
        memoryLimit, taskLimit, cpuWeight, addressSpaceLimit, openFileLimit, processLimit, cpuTimeLimit, fileSizeLimit,
        coreLimit,
    ]
}

extension SettingsDecoder {
    mutating func confinement(in section: Section, handler: String) -> Confinement {
        places.handlers[handler]?.group = section[Schema.group.name]?.value.place
        places.handlers[handler]?.nice = section[Schema.nice.name]?.value.place
        var confinement = Confinement()
        confinement.group = diagnosis.value(Schema.group, in: section) { text throws(Mistake) in
            try Self.argument(text, what: "group's name")
        }
        confinement.umask = diagnosis.value(Schema.umask, in: section, Schema.umask.mask)
        confinement.nice = diagnosis.value(Schema.nice, in: section, Schema.nice.integer)
        confinement.ioPriority = diagnosis.value(Schema.ioPriority, in: section, Schema.ioPriority.ioPriority)
        confinement.privateTmp = diagnosis.valueOrDefault(Schema.privateTmp, in: section, Schema.privateTmp.boolean)
        confinement.output = diagnosis.valueOrDefault(Schema.output, in: section, Schema.output.size)
        for (text, place) in diagnosis.texts(Schema.trust, in: section) ?? [] {
            if text.isEmpty || text.utf8.contains(0) {
                diagnosis.report(place, "`\(section.title(of: Schema.trust.name))` must hold names of users or numbers")
            } else {
                confinement.trust.append(text)
            }
        }
        return confinement
    }

    mutating func processLimits(in section: Section) -> HandlerSettings.Limits {
        guard let limits = subsection(Schema.processLimits, in: section) else { return HandlerSettings.Limits() }
        diagnosis.reportUnknownKeys(in: limits, known: Schema.processLimitKeys)
        return HandlerSettings.Limits(
            memory: diagnosis.value(Schema.memoryLimit, in: limits, Schema.memoryLimit.size),
            tasks: diagnosis.value(Schema.taskLimit, in: limits, Schema.taskLimit.integer),
            addressSpace: diagnosis.value(Schema.addressSpaceLimit, in: limits, Schema.addressSpaceLimit.size),
            cpuWeight: diagnosis.value(Schema.cpuWeight, in: limits, Schema.cpuWeight.integer),
            openFiles: diagnosis.value(Schema.openFileLimit, in: limits, Schema.openFileLimit.integer),
            processes: diagnosis.value(Schema.processLimit, in: limits, Schema.processLimit.integer),
            cpuSeconds: diagnosis.value(Schema.cpuTimeLimit, in: limits, Schema.cpuTimeLimit.duration).map {
                Int($0.rounded(.up))
            },
            fileSize: diagnosis.value(Schema.fileSizeLimit, in: limits, Schema.fileSizeLimit.size),
            core: diagnosis.value(Schema.coreLimit, in: limits, Schema.coreLimit.size))
    }
}

/// Values that only these keys hold.
extension SchemaKey {
    /// Rights in octal, as umask(1) takes them.
    ///
    /// - Precondition: the key's kind is `mask`.
    func mask(_ text: String) throws(Mistake) -> Int {
        guard case .mask = kind else { preconditionFailure("\(path) holds no mask") }
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
        guard (1...4).contains(digits.count), let mask = Int(digits, radix: 8), (0...0o777).contains(mask) else {
            throw refusal(of: text)
        }
        return mask
    }

    /// - Precondition: the key's kind is `boolean`.
    func boolean(_ text: String) throws(Mistake) -> Bool {
        guard case .boolean = kind else { preconditionFailure("\(path) holds no yes or no") }
        switch text {
        case "true": return true
        case "false": return false
        default: throw refusal(of: text)
        }
    }

    /// - Precondition: the key's kind is `ioPriority`.
    func ioPriority(_ text: String) throws(Mistake) -> Confinement.IOPriority {
        guard case .ioPriority = kind else { preconditionFailure("\(path) holds no priority of input and output") }
        if text == "idle" { return .idle }
        guard let level = Quantity.integer(text), (0...7).contains(level) else { throw refusal(of: text) }
        return .bestEffort(level)
    }
}
