/// What of a Ruby expression cannot be evaluated, and where it stands.
struct RubyMistake: Error, Equatable {
    /// Index in the scalars of the whole file.
    let offset: Int
    /// "`Etc` is not known here".
    let reason: String
    /// Whether other Ruby would do: otherwise the Ruby is understood, and what it is given is wrong.
    var isUnknown = true
}
