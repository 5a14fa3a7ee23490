import Foundation
import Platform
import TestSupport

/// The programs of a campaign, in C and compiled once: the handler, which keeps the ledger of what ran, and a library
/// that moves the wall clock of whoever loads it.
enum ChaosPrograms {
    /// `handler serve` or `handler spawn`. What a job does stands in its class: see `ChaosJob.Kind`. Each run writes a
    /// line at its start and one at its end into the file CHAOS_LEDGER, each by one write with O_APPEND; `RunLedger`
    /// reads them.
    static let handler = compile("handler", ["-O2"], handlerText)

    /// Adds what stands in the file `clock` of the home directory (nanoseconds, 64 bits) to CLOCK_REALTIME; every other
    /// clock stays what it is. Handlers have another home: they see the true time.
    static let clock = compile("clock.so", ["-O2", "-shared", "-fPIC"], clockText)

    private static let directory = TemporaryDirectory()

    private static func compile(_ name: String, _ flags: [String], _ text: String) -> String {
        let program = "\(directory.path)/\(name)"
        let result = Program.run(
            ["/usr/bin/cc", "-Wall", "-Wextra"] + flags + ["-x", "c", "-o", program, "-"], input: Array(text.utf8),
            directory: directory.path)
        precondition(result.code == 0, "cannot compile \(name): \(result.errors)")
        return program
    }

    private static let clockText = #"""
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdint.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/mman.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static volatile int64_t *offset;

        __attribute__((constructor)) static void begin(void) {
            char path[4096];
            const char *home = getenv("HOME");
            snprintf(path, sizeof path, "%s/clock", home ? home : "");
            int file = open(path, O_RDONLY | O_CLOEXEC);
            if (file < 0) return;
            void *page = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
            close(file);
            if (page != MAP_FAILED) offset = page;
        }

        int clock_gettime(clockid_t clock, struct timespec *time) {
            int result = syscall(SYS_clock_gettime, clock, time);
            if (result != 0 || !offset || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
            int64_t sum = time->tv_sec * 1000000000LL + time->tv_nsec + *offset;
            time->tv_sec = sum / 1000000000;
            time->tv_nsec = sum % 1000000000;
            return 0;
        }

        int gettimeofday(struct timeval *restrict time, void *restrict zone) {
            struct timespec now;
            (void)zone;
            clock_gettime(CLOCK_REALTIME, &now);
            time->tv_sec = now.tv_sec;
            time->tv_usec = now.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *result) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (result) *result = now.tv_sec;
            return now.tv_sec;
        }
        """#

    private static let handlerText = #"""
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdint.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <time.h>
        #include <unistd.h>

        static const char *host;
        static int ledger;
        static pid_t worker;

        static long long nanoseconds(clockid_t clock) {
            struct timespec now;
            clock_gettime(clock, &now);
            return now.tv_sec * 1000000000LL + now.tv_nsec;
        }

        static int between(const char *line, const char *before, char *out, size_t size) {
            const char *from = strstr(line, before);
            if (!from) return 0;
            from += strlen(before);
            size_t length = strcspn(from, ",\"}");
            if (length >= size) return 0;
            memcpy(out, from, length);
            out[length] = 0;
            return 1;
        }

        /* FNV-1a of what a producer wrote, and nobody may change: from the arguments to the member "end". */
        static uint64_t fingerprint(const char *line) {
            uint64_t hash = 0xcbf29ce484222325ULL;
            const char *from = strstr(line, "\"args\":"), *end = from ? strstr(from, "\"end\":0") : NULL;
            if (!end) return 0;
            for (; from < end; from++) hash = (hash ^ (unsigned char)*from) * 0x100000001b3ULL;
            return hash;
        }

        static void note(char word, const char *jid, const char *attempt, const char *last) {
            char text[512];
            int length = snprintf(text, sizeof text, "%c %s %s %s %d %d %lld %lld %s\n", word, jid, attempt, host,
                (int)worker, (int)getpid(), nanoseconds(CLOCK_MONOTONIC), nanoseconds(CLOCK_REALTIME), last);
            if (write(ledger, text, length) != length) _exit(99);
        }

        /* What the class says; answers 'd'one, 'f'ailed or 'x' dead. */
        static char work(
            const char *line, const char *class, const char *jid, const char *attempt, const char *run, int out) {
            char hash[24];
            snprintf(hash, sizeof hash, "%llx", (unsigned long long)fingerprint(line));
            note('S', jid, attempt, hash);
            char milliseconds[24] = "0";
            between(line, "\"args\":[", milliseconds, sizeof milliseconds);
            long pause = atol(milliseconds);
            struct timespec time = {pause / 1000, pause % 1000 * 1000000};
            if (pause > 0) while (nanosleep(&time, &time) != 0) {}
            if (strstr(class, "Parent")) {
                char text[1024];
                int length = snprintf(text, sizeof text,
                    "{\"push\":%s,\"jobs\":["
                    "{\"class\":\"Quick\",\"args\":[0,\"child\"],\"jid\":\"%s.1\",\"end\":0},"
                    "{\"class\":\"Quick\",\"args\":[0,\"child\"],\"jid\":\"%s.2\",\"end\":0}]}\n", run, jid, jid);
                if (write(out, text, length) != length) _exit(98);
            }
            char result = 'd';
            if (strstr(class, "Dead")) result = 'x';
            if (strstr(class, "Flaky") && strcmp(attempt, "1") == 0) result = 'f';
            char outcome[2] = {result, 0};
            note('E', jid, attempt, outcome);
            return result;
        }

        static int spawn(void) {
            static char line[1 << 16];
            size_t have = 0;
            ssize_t count;
            while (have < sizeof line - 1 && (count = read(0, line + have, sizeof line - 1 - have)) > 0) have += count;
            const char *jid = getenv("MARTLET_JID"), *class = getenv("MARTLET_CLASS");
            switch (work(line, class ? class : "-", jid ? jid : "-", getenv("MARTLET_ATTEMPT"), "true", 4)) {
            case 'f': return 75;
            case 'x': return 65;
            default: return 0;
            }
        }

        static int serve(void) {
            static char line[1 << 16];
            FILE *jobs = fdopen(3, "r");
            if (write(4, "{\"ready\":true}\n", 15) != 15) return 1;
            while (fgets(line, sizeof line, jobs)) {
                char run[32], jid[64] = "-", class[64] = "-", attempt[16] = "-", text[256];
                if (strstr(line, "\"quiet\"") == line + 1) break;
                if (!between(line, "\"run\":", run, sizeof run)) continue;
                between(line, "\"jid\":\"", jid, sizeof jid);
                between(line, "\"class\":\"", class, sizeof class);
                between(line, "\"attempt\":", attempt, sizeof attempt);
                char result = work(line, class, jid, attempt, run, 4);
                const char *word = result == 'd' ? "done" : result == 'f' ? "failed" : "dead";
                int length = snprintf(text, sizeof text, "{\"%s\":%s%s}\n", word, run,
                    result == 'd' ? "" : ",\"class\":\"ChaosError\",\"message\":\"as it should\"");
                if (write(4, text, length) != length) return 1;
            }
            return 0;
        }

        int main(int argc, char **argv) {
            const char *path = getenv("CHAOS_LEDGER");
            host = getenv("CHAOS_HOST");
            worker = getppid();
            ledger = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
            if (ledger < 0 || !host || argc < 2) return 97;
            return argv[1][1] == 'p' ? spawn() : serve();
        }
        """#
}
