/// Pools of connections, and how many of them a handler's jobs hold.
extension SettingsDecoder {
    /// Reads `pools`, each `NAME: { limit: N }`, or `NAME: N` for short.
    mutating func pools(in section: Section) -> [PoolSetting] {
        guard let all = subsection(Schema.pools, in: section) else { return [] }
        return all.entries.compactMap { entry in
            if !Self.isName(entry.name) {
                diagnosis.report(
                    entry.place,
                    "\(quoted(entry.name)) cannot be a pool's name: letters, digits, `_`, `-` and `.`, at most 64, a letter "
                        + "or digit first")
            }
            places.pools[entry.name] = entry.place
            return limit(of: entry, in: all).map { PoolSetting(name: entry.name, limit: $0) }
        }
    }

    private mutating func limit(of entry: YAMLEntry, in all: Section) -> Int? {
        let path = all.title(of: entry.name)
        if let pool = diagnosis.section(entry.value, path: path, document: document) {
            diagnosis.reportUnknownKeys(in: pool, known: [Schema.poolLimit])
            if pool["limit"] == nil {
                diagnosis.report(entry.place, "`\(path)` lacks `limit`: \(Schema.poolLimit.expectation)")
            }
            return diagnosis.value(Schema.poolLimit, in: pool, Schema.poolLimit.integer)
        }
        return number(Schema.poolLimit, entry, title: path)
    }

    /// Reads `connections`, `{ NAME: N }`, or `[NAME]` for one of each.
    ///
    /// - Parameter pools: those that are declared; others are mistakes.
    mutating func connections(in section: Section, pools: [String]) -> [String: Int] {
        guard let entry = section[Schema.connections.name] else { return [:] }
        let title = section.title(of: entry.name)
        var connections: [String: Int] = [:]
        if case .sequence = entry.value.content {
            for (name, place) in diagnosis.texts(Schema.connections, in: section) ?? [] {
                if connections[name] != nil {
                    diagnosis.report(place, "`\(title)` names \(quoted(name)) twice; keep one")
                }
                connections[name] = 1
                declared(name, place, title: title, pools)
            }
        } else if let all = diagnosis.section(entry.value, path: title, document: document) {
            for pool in all.entries {
                declared(pool.name, pool.place, title: title, pools)
                connections[pool.name] = number(Schema.connectionCount, pool, title: all.title(of: pool.name)) ?? 1
            }
        } else {
            diagnosis.report(
                entry.value.place, "`\(title)` must be \(Schema.connections.expectation), not \(entry.value.described)")
        }
        return connections.filter { $0.value > 0 }
    }

    private mutating func declared(_ name: String, _ place: Place, title: String, _ pools: [String]) {
        guard !pools.contains(name) else { return }
        let advice =
            if let near = Suggestion.nearest(to: name, among: pools) { "did you mean `\(near)`?" } else if pools.isEmpty
            {
                "declare it at the top level of the file: `pools: { \(name): { limit: 90 } }`"
            } else {
                "declared are \(pools.sorted().joined(separator: ", "))"
            }
        diagnosis.report(place, "`\(title)` names the pool \(quoted(name)), which `pools` does not declare; \(advice)")
    }

    private mutating func number(_ key: SchemaKey, _ entry: YAMLEntry, title: String) -> Int? {
        guard let text = entry.value.text else {
            diagnosis.report(entry.value.place, "`\(title)` must be \(key.expectation), not \(entry.value.described)")
            return nil
        }
        do throws(Mistake) {
            return try key.integer(text)
        } catch {
            diagnosis.report(entry.value.place, "`\(title)` \(error.text)")
            return nil
        }
    }
}
