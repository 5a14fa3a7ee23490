import Configuration
import Logging
import Platform

/// Looks again and again at the files of one handler's program, in another thread, and tells of a change once they have stayed
/// the same for one look: whoever copies many is not interrupted. Those that change again and again are looked at more seldom.
///
/// Only the leader touches it.
final class ProgramWatch {
    /// A look may take so much of a thread's time.
    private static let share = 0.02

    private let settings: HandlerSettings
    private var pace: ChangePace
    private let loop: EventLoop
    private let errands: Errands
    private let log: Logger
    private let told: (String) -> Void
    /// As the processes have read them; nil before the first look.
    private var known: ProgramFiles?
    /// As they were at the last look, if that is not what is known.
    private var changing: ProgramFiles?

    /// - Parameter told: called with the file that has changed, or the first of them.
    init(
        _ settings: HandlerSettings, everySeconds seconds: Double, loop: EventLoop, errands: Errands, log: Logger,
        told: @escaping (String) -> Void
    ) {
        self.settings = settings
        pace = ChangePace(seconds: seconds)
        self.loop = loop
        self.errands = errands
        self.log = log
        self.told = told
    }

    /// For as long as this object lives.
    func start() {
        let (executable, arguments) = (settings.executable, Array(settings.command.dropFirst()))
        errands.run { [directory = settings.directory] in
            let begin = MonotonicTime.now()
            let files = ProgramFiles(executable: executable, arguments: arguments, directory: directory)
            return (files, MonotonicTime.now().seconds(since: begin))
        } then: { [weak self] files, took in
            self?.take(files, took)
        }
    }

    private func take(_ files: ProgramFiles, _ took: Double) {
        compare(files)
        let next = MonotonicTime.now().advanced(bySeconds: max(pace.pause, took / Self.share))
        _ = loop.at(next) { [weak self] in self?.start() }
    }

    private func compare(_ files: ProgramFiles) {
        guard let known else {
            known = files
            return
        }
        guard files != known else {
            changing = nil
            return
        }
        guard files == changing, let path = files.difference(from: known) else {
            changing = files
            return
        }
        self.known = files
        changing = nil
        if pace.changed(at: .now()) {
            log.warning(
                "files of a handler's program change again and again, and each time its processes are replaced",
                metadata: [
                    "handler": "\(settings.name)", "file": "\(path)",
                    "next": "they are looked at ever more seldom, at last every 10 min; let its jobs write elsewhere",
                ])
        }
        told(path)
    }
}
