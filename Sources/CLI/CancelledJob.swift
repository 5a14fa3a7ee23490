import Foundation
import JobModel
import Queueing

/// What became of one job that was to be cancelled: for people and, as JSON, for programs; docs/reference/cli.md lists the
/// members.
struct CancelledJob: Encodable {
    let jid: String
    /// cancelled, done, dead, not_found, running, moving
    let result: String
    /// Where it was when it was cancelled: queue, retry, schedule, unstarted, running.
    private(set) var `where`: String?
    private(set) var queue: String?
    /// The identity of the process that held it.
    private(set) var process: String?
    private(set) var errorClass: String?
    /// For people.
    let words: String

    private enum CodingKeys: String, CodingKey {
        case jid, result, `where`, queue, process, errorClass
    }

    var isCancelled: Bool { result == "cancelled" }
    /// Its request stands.
    var isOpen: Bool { result == "running" || result == "moving" }

    init(_ jid: String, _ result: CancelEffort.Result) {
        self.jid = jid
        switch result {
        case .cancelled(let place):
            self.result = "cancelled"
            words = "cancelled \(place.words)"
            switch place {
            case .queue(let name): (`where`, queue) = ("queue", name.text)
            case .retry: `where` = "retry"
            case .schedule: `where` = "schedule"
            case .unstarted(let identity): (`where`, process) = ("unstarted", identity)
            case .running(let identity): (`where`, process) = ("running", identity)
            }
        case .done(let identity):
            self.result = "done"
            words = "not cancelled: it was done before it could be ended, in \(identity)"
            process = identity
        case .dead(let name):
            self.result = "dead"
            words = "not cancelled: it is dead already (\(name.isEmpty ? "without an error" : name))"
            errorClass = name
        case .absent:
            self.result = "not_found"
            words = "not found: it was done or dropped, or there never was such a job"
        case .held(let identity):
            self.result = "running"
            words = "told to end, and still held by \(identity); the request stands"
            process = identity
        case .moving:
            self.result = "moving"
            words = "on its way from one place to another; the request stands, and whoever fetches the job cancels it"
        }
    }

    static func text(_ jobs: [CancelledJob]) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(["jobs": jobs]), as: UTF8.self)
    }
}
