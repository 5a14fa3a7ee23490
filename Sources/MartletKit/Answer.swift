import Foundation

/// How a run ended, as Martlet is told.
struct Answer: Encodable {
    enum Kind {
        case done
        case failed(class: String, message: String, backtrace: [String], retryIn: Double? = nil)
        case dead(class: String, message: String, backtrace: [String])
        case discard
        case snooze(seconds: Double)
    }

    let kind: Kind
    let number: RunNumber

    init(_ kind: Kind, of run: Run) { self.init(kind, number: run.number) }

    init(_ kind: Kind, number: RunNumber) {
        self.kind = kind
        self.number = number
    }

    private enum Member: String, CodingKey {
        case done, failed, dead, discard, snooze, seconds, `class`, message, backtrace
        case retryIn = "retry_in"
    }

    func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        func fail(_ member: Member, _ errorClass: String, _ message: String, _ backtrace: [String]) throws {
            try members.encode(number, forKey: member)
            try members.encode(errorClass.isEmpty ? "Error" : errorClass, forKey: .class)
            try members.encode(String(message.prefix(10_000)), forKey: .message)
            try members.encode(backtrace, forKey: .backtrace)
        }
        switch kind {
        case .done: try members.encode(number, forKey: .done)
        case .discard: try members.encode(number, forKey: .discard)
        case .snooze(let seconds):
            try members.encode(number, forKey: .snooze)
            try members.encode(max(seconds, 0), forKey: .seconds)
        case .failed(let errorClass, let message, let backtrace, let seconds):
            try fail(.failed, errorClass, message, backtrace)
            try members.encodeIfPresent(seconds, forKey: .retryIn)
        case .dead(let errorClass, let message, let backtrace): try fail(.dead, errorClass, message, backtrace)
        }
    }
}

extension Answer.Kind {
    /// What follows from what a job threw.
    init(_ error: any Error) {
        switch error {
        case let error as Snooze: self = .snooze(seconds: error.seconds)
        case let error as Retry:
            self = .failed(class: "Retry", message: error.message, backtrace: [error.place], retryIn: error.seconds)
        case is Discard: self = .discard
        case let error as Dead: self = .dead(class: error.errorClass, message: error.message, backtrace: [error.place])
        case let error as Failure:
            self = .failed(class: error.errorClass, message: error.message, backtrace: [error.place])
        case is CancellationError: self = .failed(class: "Cancelled", message: "the run was cancelled", backtrace: [])
        default:
            let text = (error as? any LocalizedError)?.errorDescription ?? String(describing: error)
            self = .failed(class: String(describing: type(of: error)), message: text, backtrace: [])
        }
    }
}
