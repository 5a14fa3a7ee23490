/// What people are shown of a job, in logs and by commands. Nothing is routed by it.
extension Job {
    /// `display_class`; else of Active Job's mailers what they send, "UserMailer#welcome"; else what handlers go by.
    package var displayName: String {
        if let member = options[.displayClass], member.kind == .string, let name = name(at: member.value) {
            return name
        }
        return mail ?? route.text
    }

    /// The strings of `tags`; at most 20, and none with control characters.
    package var tags: [String] {
        guard let member = options[.tags], member.kind == .array else { return [] }
        let strings = object.elements(of: JSONPlace(member)).prefix(20).filter { $0.kind == .string }
        return strings.compactMap { name(at: $0.range) }
    }

    /// How a job says from which level on its lines are logged.
    package enum LogLevel: Equatable, Sendable {
        /// In small or large letters: "debug", as Ruby's symbols are written too.
        case name(String)
        /// Of Ruby's severities.
        case number(Int)
    }

    /// `log_level`; nil if there is none, or it is neither a text nor a whole number.
    package var logLevel: LogLevel? {
        guard let member = options[.logLevel] else { return nil }
        if member.kind == .string { return .name(object.string(at: member.value)) }
        return object.integer(JobOption.logLevel.rawValue).map(LogLevel.number)
    }

    private static let mailers: Set = [
        JobClass("ActionMailer::MailDeliveryJob"), JobClass("ActionMailer::DeliveryJob"),
    ]

    /// The first two arguments of Active Job's own: a mailer and its method.
    private var mail: String? {
        guard route.bytes.first == UInt8(ascii: "A"), Self.mailers.contains(route),
            let arguments = object.member("args"), arguments.kind == .array,
            let wrapped = object.elements(of: JSONPlace(arguments)).first, wrapped.kind == .object,
            let inside = object.member("arguments", of: wrapped), inside.kind == .array
        else { return nil }
        let names = object.elements(of: inside).prefix(2).compactMap { $0.kind == .string ? name(at: $0.range) : nil }
        return names.count == 2 ? names.joined(separator: "#") : nil
    }

    private func name(at range: Range<Int>) -> String? {
        let text = object.string(at: range)
        return PlainText.isName(text.utf8, atMost: JobClass.longest) ? text : nil
    }
}
