/// A member that few jobs have and that is asked for at every run: found in one pass with those that route the job.
enum JobOption: String, Hashable, Sendable {
    case displayClass = "display_class"
    case tags
    case logLevel = "log_level"
    case expiry
    case expiresIn = "expires_in"
}
