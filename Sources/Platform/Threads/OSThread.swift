import CPosix
import Glibc

/// Threads of the operating system: detached, with a name and all signals blocked.
package enum OSThread {
    /// Starts a thread that ends when `body` returns. Nothing waits for it: let it say through a `Monitor` that it ended.
    ///
    /// All signals are blocked in it, so that they reach the thread that reads them from a descriptor.
    /// - Parameters:
    ///   - name: shown by ps -L and top; the kernel keeps 15 bytes.
    ///   - stackBytes: raised to the smallest the system allows; 256 KiB suffices for most.
    /// - Returns: false if the system gives no more threads (EAGAIN).
    @discardableResult
    package static func start(name: String, stackBytes: Int = 262_144, _ body: @Sendable @escaping () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, max(stackBytes, smallestStack))

        // A thread starts with the mask of the one that makes it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let error = pthread_create(&thread, &attributes, run, start.toOpaque())
        if error != 0 { start.release() }
        return error == 0
    }

    /// Names the calling thread; called in the main thread it names the process. The kernel keeps 15 bytes.
    package static func nameCurrent(_ name: String) { _ = cposix_name_thread(name) }

    // Room for thread-local storage of the libraries and one page of Swift; PTHREAD_STACK_MIN is 16 KiB.
    private static let smallestStack = 65_536

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @Sendable @escaping () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { preconditionFailure("a thread is started with its body") }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        nameCurrent(start.name)
        start.body()
        return nil
    }
}
