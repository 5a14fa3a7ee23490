/// The values of `error_class` the daemon itself writes. A handler that names its own error overrides them.
package enum ErrorClass {
    /// The handler ended with a non-zero status.
    package static let exitStatus = "ExitStatus"
    /// A signal ended the handler.
    package static let signal = "Signal"
    /// The job ran longer than its handler's timeout.
    package static let timeout = "Timeout"
    /// A serving handler ended while the job was running in it.
    package static let handlerDied = "HandlerDied"
    /// A serving handler said something the protocol does not allow.
    package static let protocolError = "ProtocolError"
    /// The handler could not be started.
    package static let startFailed = "StartFailed"
    /// The job does not fit the templates of its handler's arguments; nothing was executed.
    package static let badArguments = "BadArguments"
    /// No handler is configured for the job's class.
    package static let noHandler = "NoHandler"
    /// The handler used more memory than it may.
    package static let outOfMemory = "OutOfMemory"
    /// Somebody cancelled the job, wherever it was.
    package static let cancelled = "Cancelled"
    /// The job was running whenever its worker or handler died, too often to be a coincidence.
    package static let poison = "Poison"
}
