package import Configuration
package import JobModel

/// Which handler takes which job class.
///
/// Class names come from whoever can push, so they are only ever looked up, byte by byte: Swift's `String` equality would
/// take two spellings of one accent for the same class.
package struct HandlerTable: Sendable {
    private var exact: [JobClass: Int] = [:]
    /// Longest first, so that the first match is the right one.
    private var prefixes: [(bytes: [UInt8], handler: Int)] = []

    /// - Parameter handlers: a class named twice goes to the first that names it; the configuration refuses that earlier.
    package init(_ handlers: [HandlerSettings]) {
        for (index, handler) in handlers.enumerated() {
            for pattern in handler.classes {
                if pattern.isPrefix {
                    prefixes.append((pattern.bytes, index))
                } else if exact[JobClass(bytes: pattern.bytes)] == nil {
                    exact[JobClass(bytes: pattern.bytes)] = index
                }
            }
        }
        // Ties keep the order of the configuration.
        prefixes = prefixes.enumerated().sorted {
            ($1.element.bytes.count, $0.offset) < ($0.element.bytes.count, $1.offset)
        }.map(\.element)
    }

    /// The index of the handler that takes `jobClass`: its exact name first, then the longest prefix; nil if none does.
    package func handler(for jobClass: JobClass) -> Int? {
        if let index = exact[jobClass] { return index }
        return prefixes.first { jobClass.bytes.starts(with: $0.bytes) }?.handler
    }
}
