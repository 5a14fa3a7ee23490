import Yams

/// A node of a YAML text, with its place. Reads lazily, so that aliases cost nothing until they are looked at.
struct YAMLNode {
    private let node: Node

    init(_ node: Node) { self.node = node }

    /// A text that stands in no file.
    init(text: String) { node = Node(text, Tag.implicit, .doubleQuoted) }

    /// Where the node begins. For an alias that is where its anchor stands: there the mistake is put right.
    var place: Place { node.mark.map { Place(line: $0.line, column: $0.column) } ?? .start }

    /// What a node holds.
    enum Content {
        /// Nothing, `~` or `null`.
        case null
        /// Text as written, quotes removed.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// Pairs in the order of the text, merge keys (`<<`) not resolved.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    var content: Content {
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            if isPlain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .null }
            return .scalar(scalar.string, isPlain: isPlain)
        case .sequence(let sequence):
            return .sequence(sequence.map { YAMLNode($0) })
        case .mapping(let mapping):
            return .mapping(mapping.map { (YAMLNode($0.key), YAMLNode($0.value)) })
        case .alias:
            preconditionFailure("the parser resolves every alias while it composes")
        }
    }

    /// The node's text, or nil if it is not a scalar or is null.
    var text: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    /// The node as messages name it: "not a list", "not `ten`".
    var described: String {
        switch content {
        case .null: "nothing"
        case .scalar(let text, _): quoted(text)
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// One key of a mapping with its value.
struct YAMLEntry {
    var name: String
    let place: Place
    let value: YAMLNode
    /// Came in by a merge key, so that a key of the mapping itself replaces it without being a duplicate.
    var isMerged = false
}
