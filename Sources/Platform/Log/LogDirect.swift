/// Writes in the thread that logs, for a process that must stay with one thread: the supervisor.
///
/// A log nobody reads costs the first line 50 ms and the following ones nothing: they are dropped, counted and
/// reported once there is room again.
package final class LogDirect: LogSink {
    private let outlet: any LogOutlet
    private let dropped = Monitor(0)

    package init(outlet: any LogOutlet) { self.outlet = outlet }

    package func add(_ record: LogRecord) {
        dropped.withLock { dropped in
            if dropped > 0 {
                guard outlet.write(.dropped(dropped, at: record.time), isPatient: false) else {
                    dropped += 1
                    return
                }
                dropped = 0
            }
            if !outlet.write(record, isPatient: false) { dropped += 1 }
        }
    }
}
