import Foundation
import Insight
import JobModel
import Platform
import Queueing

/// Classes that are kept apart, for people.
enum IsolatedText {
    /// Nil if there are none.
    static func table(_ classes: [IsolatedClass]) -> String? {
        guard !classes.isEmpty else { return nil }
        return Output.table(
            ["ISOLATED CLASS", "HANDLER", "SINCE", " TIMES", "SEEN ON", "WHY"],
            classes.map {
                [
                    $0.name.text, $0.isolation.handler, LogClock.universal($0.isolation.since),
                    String($0.isolation.times), $0.isolation.host, $0.isolation.reason,
                ]
            })
    }
}

/// The same for programs; docs/reference/cli.md lists the members. Times are epoch seconds.
struct IsolatedJSON: Encodable {
    let `class`, handler: String
    let since: Double
    let reason, host: String
    let times: Int
    let lastCliff: Double

    init(_ isolated: IsolatedClass) {
        `class` = isolated.name.text
        handler = isolated.isolation.handler
        since = Double(isolated.isolation.since) / 1000
        reason = isolated.isolation.reason
        host = isolated.isolation.host
        times = isolated.isolation.times
        lastCliff = Double(isolated.isolation.lastCliff) / 1000
    }

    static func text(_ classes: [IsolatedClass]) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(["isolated": classes.map(IsolatedJSON.init)]), as: UTF8.self)
    }
}
