import Configuration
import Logging
import Platform

/// What a worker is told by signals and by the supervisor.
extension WorkerLoop {
    func readSignals() {
        while let (signal, _) = signals.next() { follow(signal) }
    }

    func follow(_ signal: Signal) {
        switch WorkerSignals.intent(of: signal) {
        case .stop:
            // The second time there is no waiting. A worker that is being replaced was not told to stop before.
            let wasTold = if case .stopping(let deadline) = state.phase { deadline != .never } else { false }
            let seconds = wasTold ? 0 : plan.settings.stopTimeout
            stop(withinSeconds: seconds)
        case .quiet: take(.quiet)
        case .describe: describe()
        case nil: break
        }
    }

    func readControl() {
        while true {
            switch control.receive() {
            case .message(.retire): take(.stop(deadline: .never))
            case .message: break
            case .none: return
            case .closed:
                // The supervisor is gone: what runs goes back and another one will start it again.
                log.error("the supervisor is gone; stopping at once")
                loop.forget(control.raw)
                handlerGraceSeconds = WorkerPlan.orphanGraceSeconds
                stop(withinSeconds: 0)
                return
            }
        }
    }

    func stop(withinSeconds seconds: Double) {
        take(.stop(deadline: MonotonicTime.bootTime().advanced(bySeconds: seconds)))
        link.hurry()
    }
}
