/// One mapping of the file on its way to being read: its entries by key, each key once.
struct Section {
    /// Dotted path with the user's own names: `handlers.reports`; empty for the file itself.
    let path: String
    let place: Place
    /// In the order of the text.
    let entries: [YAMLEntry]
    /// Earlier values of keys that stand twice: they count for nothing, but may hold mistakes of their own.
    var replaced: [YAMLEntry] = []

    subscript(name: String) -> YAMLEntry? { entries.first { $0.name == name } }

    /// How messages call a key of this section.
    func title(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}

extension Diagnosis {
    /// Reads a mapping's keys: resolves merge keys (`<<`), reports what is no key and what stands twice.
    ///
    /// A key that stands twice counts with its last value.
    mutating func section(_ node: YAMLNode, path: String, document: YAMLDocument) -> Section? {
        guard case .mapping = node.content else { return nil }
        let all = entries(of: node, document: document, depth: 0)
        var kept: [YAMLEntry] = []
        var replaced: [YAMLEntry] = []
        for entry in all {
            guard let index = kept.firstIndex(where: { $0.name == entry.name }) else {
                kept.append(entry)
                continue
            }
            if kept[index].isMerged || entry.isMerged {
                if kept[index].isMerged { kept[index] = entry }
                continue
            }
            report(
                entry.place,
                "duplicate key \(quoted(entry.name)): it stands on line \(kept[index].place.line) already; keep one")
            replaced.append(kept[index])
            kept[index] = entry
        }
        return Section(path: path, place: node.place, entries: kept, replaced: replaced)
    }

    private mutating func entries(of node: YAMLNode, document: YAMLDocument, depth: Int) -> [YAMLEntry] {
        guard case .mapping(let pairs) = node.content else { return [] }
        var found: [YAMLEntry] = []
        for (key, value) in pairs {
            guard case .scalar(let written, let isPlain) = key.content else {
                report(key.place, "a key must be a word, not \(key.described)")
                continue
            }
            let name = document.originalName(written)
            guard name == "<<", isPlain else {
                found.append(YAMLEntry(name: name, place: key.place, value: value))
                continue
            }
            // Merges within merges multiply; nobody who means well needs more than a few levels.
            guard depth < 4 else {
                report(key.place, "merge keys (`<<`) are nested too deeply")
                continue
            }
            for source in mergeSources(value) {
                for var entry in entries(of: source, document: document, depth: depth + 1) {
                    entry.isMerged = true
                    // Of several merged mappings the earlier one wins.
                    if !found.contains(where: { $0.isMerged && $0.name == entry.name }) { found.append(entry) }
                }
            }
        }
        return found
    }

    private mutating func mergeSources(_ value: YAMLNode) -> [YAMLNode] {
        switch value.content {
        case .mapping: return [value]
        case .sequence(let nodes) where nodes.count <= 16:
            return nodes.flatMap { node -> [YAMLNode] in
                if case .mapping = node.content { return [node] }
                return []
            }
        case .null, .scalar, .sequence:
            report(
                value.place, "a merge key (`<<`) takes a mapping or a short list of mappings, not \(value.described)")
            return []
        }
    }
}
