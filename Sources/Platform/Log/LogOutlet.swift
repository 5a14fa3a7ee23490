/// Where records end up. Used by one thread at a time.
package protocol LogOutlet: AnyObject, Sendable {
    /// Writes one record.
    ///
    /// - Parameter isPatient: wait as long as it takes; otherwise give up soon.
    /// - Returns: false if it was given up.
    func write(_ record: LogRecord, isPatient: Bool) -> Bool
}
