import Platform
import TestSupport

/// A serve handler in C, small and quick: `quick [MILLISECONDS [noledger]]` takes so long for each job, one after the
/// other whatever `threads` says, and appends to the ledger.
enum QuickHandler {
    /// Where the compiled program lies; compiled once for all tests.
    static let path: String = {
        let program = directory.path + "/quick"
        let result = Program.run(
            ["/usr/bin/cc", "-O1", "-x", "c", "-o", program, "-"], input: Array(text.utf8), directory: directory.path)
        precondition(result.code == 0, "cannot compile the handler: \(result.errors)")
        return program
    }()

    private static let directory = TemporaryDirectory()

    private static let text = #"""
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <time.h>
        #include <unistd.h>

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

        int main(int argc, char **argv) {
            long milliseconds = argc > 1 ? atol(argv[1]) : 0;
            int ledger = argc > 2 ? -1 : open("ledger", O_WRONLY | O_CREAT | O_APPEND, 0644);
            struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
            FILE *jobs = fdopen(3, "r");
            static char line[1 << 16];
            if (write(4, "{\"ready\":true}\n", 15) != 15) return 1;
            while (fgets(line, sizeof line, jobs)) {
                char run[32], jid[128] = "-", class[128] = "-", attempt[32] = "-", text[512];
                if (strstr(line, "\"quiet\"") == line + 1) break;
                if (!between(line, "\"run\":", run, sizeof run)) continue;
                between(line, "\"jid\":\"", jid, sizeof jid);
                between(line, "\"class\":\"", class, sizeof class);
                between(line, "\"attempt\":", attempt, sizeof attempt);
                int length = snprintf(text, sizeof text, "start %s %s %s\n", class, jid, attempt);
                if (ledger >= 0 && write(ledger, text, length) != length) return 1;
                if (milliseconds) nanosleep(&pause, NULL);
                if (!strcmp(class, "ClassPause")) usleep(100000);
                length = snprintf(text, sizeof text, "end %s %s %s\n", class, jid, attempt);
                if (ledger >= 0 && write(ledger, text, length) != length) return 1;
                length = snprintf(text, sizeof text, "{\"done\":%s}\n", run);
                if (write(4, text, length) != length) return 1;
            }
            return 0;
        }
        """#
}
