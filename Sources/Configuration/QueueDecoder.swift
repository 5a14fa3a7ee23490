import JobModel

/// The queues to serve, in all the forms they are written in.
extension Diagnosis {
    /// Reads `queues`; without it, the default queue.
    ///
    /// A Sidekiq file may also write `[name, weight]`, "name,weight" and symbols, and name a queue twice, which adds up.
    mutating func queues(in section: Section, document: YAMLDocument, isSidekiq: Bool) -> [QueueSetting] {
        let fallback = Self.defaultValue(Schema.queues) { text throws(Mistake) in
            [try QueueText.setting(text, weight: nil)]
        }
        guard let entry = section["queues"] else { return fallback }
        let title = section.title(of: "queues")
        let nodes: [YAMLNode]
        switch entry.value.content {
        case .sequence(let found): nodes = found
        case .null: nodes = []
        case .scalar, .mapping:
            report(entry.value.place, "`\(title)` must be \(Schema.queues.expectation), not \(entry.value.described)")
            return fallback
        }
        if nodes.isEmpty { report(entry.place, "`\(title)` names no queue; it must be \(Schema.queues.expectation)") }
        var listed: [(setting: QueueSetting, line: Int)] = []
        for node in nodes {
            do throws(Mistake) {
                let setting = try queue(node, document: document, isSidekiq: isSidekiq)
                if let index = listed.firstIndex(where: { $0.setting.name == setting.name }) {
                    if isSidekiq {
                        listed[index].setting.weight += setting.weight
                    } else {
                        let name = quoted(setting.name.text)
                        report(
                            node.place, "`\(title)` names \(name) twice (first on line \(listed[index].line)); keep one"
                        )
                    }
                } else {
                    listed.append((setting, node.place.line))
                }
            } catch {
                report(node.place, "`\(title)` \(error.text)")
            }
        }
        return listed.isEmpty ? fallback : listed.map(\.setting)
    }

    private mutating func queue(
        _ node: YAMLNode, document: YAMLDocument, isSidekiq: Bool
    ) throws(Mistake) -> QueueSetting {
        func plain(_ text: String) -> String { isSidekiq ? SidekiqFile.plainName(text) : text }
        switch node.content {
        case .scalar(let text, _):
            return isSidekiq ? try QueueText.pair(plain(text)) : try QueueText.setting(text, weight: nil)
        case .sequence(let parts):
            if isSidekiq, parts.count == 1, let name = parts[0].text {
                return try QueueText.setting(plain(name), weight: nil)
            }
            guard parts.count == 2, let name = parts[0].text, let weight = parts[1].text else {
                throw Mistake("must be \(Schema.queues.expectation); a list within it is [name, weight]")
            }
            return try QueueText.setting(plain(name), weight: weight)
        case .mapping(let pairs):
            guard pairs.count == 1, let name = pairs[0].key.text else {
                throw Mistake("must be \(Schema.queues.expectation): each queue after a `-` of its own")
            }
            if case .mapping = pairs[0].value.content {
                return try terms(of: plain(name), pairs[0].value, document: document)
            }
            guard let weight = pairs[0].value.text else {
                throw Mistake(
                    "must give \(quoted(name)) a weight, or leave out the colon, not \(pairs[0].value.described)")
            }
            return try QueueText.setting(plain(name), weight: weight)
        case .null:
            throw Mistake("holds an empty line after a `-`; name a queue or remove it")
        }
    }
}

extension Diagnosis {
    /// A queue of which more is said than its weight.
    private mutating func terms(
        of name: String, _ node: YAMLNode, document: YAMLDocument
    ) throws(Mistake) -> QueueSetting {
        var setting = try QueueText.setting(name, weight: nil)
        guard let section = section(node, path: "queues.\(name)", document: document) else { return setting }
        reportUnknownKeys(in: section, known: Schema.queueKeys)
        setting.weight = value(Schema.weight, in: section, Schema.weight.integer) ?? 0
        setting.latency = value(Schema.latency, in: section, Schema.latency.duration)
        return setting
    }
}

/// A queue and its weight out of texts.
enum QueueText {
    /// - Parameter weight: nil for a name alone.
    static func setting(_ name: String, weight: String?) throws(Mistake) -> QueueSetting {
        guard let queue = QueueName(name) else {
            throw Mistake(
                "holds \(quoted(name)), which cannot be a queue's name: 1 to 200 bytes, no control characters")
        }
        guard let weight else { return QueueSetting(name: queue, weight: 0) }
        do throws(Mistake) {
            return QueueSetting(name: queue, weight: try Schema.weight.integer(weight))
        } catch {
            throw Mistake("gives \(quoted(name)) a weight that \(error.text)")
        }
    }

    /// Reads `name` or `name,weight`, as Sidekiq's option `-q` is written.
    static func pair(_ text: String) throws(Mistake) -> QueueSetting {
        guard let comma = text.lastIndex(of: ",") else { return try setting(text, weight: nil) }
        let weight = text[text.index(after: comma)...].drop { $0 == " " }
        return try setting(String(text[..<comma]), weight: String(weight))
    }
}
