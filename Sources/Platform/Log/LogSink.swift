/// Takes records from every thread of the process, without ever waiting for long.
package protocol LogSink: Sendable {
    func add(_ record: LogRecord)
}
