import Glibc
import Platform

/// A time of day of one's own for programs under test: a library, loaded before theirs, that answers clock_gettime(2) and
/// its relatives. Clocks that never jump are left alone. (libfaketime moves the environment when it starts, and Swift
/// programs then no longer find their arguments.)
package final class FakeClock: Sendable {
    private let directory = TemporaryDirectory()
    private let file: FileDescriptor

    package init() {
        let library = "\(directory.path)/clock.so"
        let offset = "\(directory.path)/offset"
        do {
            file = try FileDescriptor.open(offset, O_RDWR | O_CREAT | O_CLOEXEC)
        } catch {
            preconditionFailure("cannot make a clock: \(error)")
        }
        let result = Program.run(
            ["/usr/bin/cc", "-O1", "-shared", "-fPIC", "-DOFFSET=\"\(offset)\"", "-x", "c", "-o", library, "-"],
            input: Array(Self.text.utf8), directory: directory.path)
        precondition(result.code == 0, "cannot compile the clock: \(result.errors)")
        set(offsetSeconds: 0)
    }

    /// Makes the time of day jump, for everybody who has this clock.
    package func set(offsetSeconds seconds: Double) {
        let nanoseconds = Int64(seconds * 1e9)
        let count = withUnsafeBytes(of: nanoseconds) { pwrite(file.raw, $0.baseAddress, $0.count, 0) }
        precondition(count == MemoryLayout<Int64>.size, "cannot set a clock")
    }

    /// What a program needs in its environment; its children inherit it.
    package var environment: [String] { ["LD_PRELOAD=\(directory.path)/clock.so"] }

    private static let text = #"""
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static const volatile long long *offset; // nanoseconds

        __attribute__((constructor)) static void begin(void) {
            int fd = open(OFFSET, O_RDONLY | O_CLOEXEC);
            if (fd < 0) return;
            void *shared = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
            if (shared != MAP_FAILED) offset = shared;
            close(fd);
        }

        int clock_gettime(clockid_t clock, struct timespec *now) {
            int result = syscall(SYS_clock_gettime, clock, now);
            if (result || !offset || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
            long long time = now->tv_sec * 1000000000LL + now->tv_nsec + *offset;
            now->tv_sec = time / 1000000000LL;
            now->tv_nsec = time % 1000000000LL;
            return 0;
        }

        int gettimeofday(struct timeval *restrict now, void *restrict zone) {
            struct timespec time;
            (void)zone;
            if (clock_gettime(CLOCK_REALTIME, &time)) return -1;
            now->tv_sec = time.tv_sec;
            now->tv_usec = time.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *out) {
            struct timespec time;
            clock_gettime(CLOCK_REALTIME, &time);
            if (out) *out = time.tv_sec;
            return time.tv_sec;
        }
        """#
}
