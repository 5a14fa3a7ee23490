/* A serve handler that does as little as its mode asks for:
 *   noop            answers at once
 *   fail            fails every job
 *   sleep SECONDS   sleeps before each answer
 *   burn SECONDS    uses so much processor time before each answer
 *   stamp FILE      appends to the file, a line a job, the nanoseconds from the job's args[0] (CLOCK_REALTIME) to now
 * Answers to lines that came together leave together. */
#include "burn.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { IN = 3, OUT = 4, ROOM = 1 << 20 };

static char in[ROOM + 1], out[ROOM];
static size_t filled, pending;

static void flush_answers(void)
{
    for (size_t sent = 0; sent < pending;) {
        ssize_t count = write(OUT, out + sent, pending - sent);
        if (count < 0)
            _exit(EXIT_FAILURE);
        sent += (size_t)count;
    }
    pending = 0;
}

static void stamp(int file, const char *line)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const char *argument = strstr(line, "\"args\":[");
    if (argument == NULL)
        return;
    long long pushed = strtoll(argument + 8, NULL, 10);
    dprintf(file, "%lld\n", (long long)now.tv_sec * 1000000000 + now.tv_nsec - pushed);
}

int main(int count, char **words)
{
    const char *mode = count > 1 ? words[1] : "noop";
    const char *answer = strcmp(mode, "fail") == 0
                             ? "{\"failed\":%ld,\"class\":\"BenchError\",\"message\":\"as it was told\"}\n"
                             : "{\"done\":%ld}\n";
    double seconds = strcmp(mode, "sleep") == 0 && count > 2 ? strtod(words[2], NULL) : 0;
    double burnt = strcmp(mode, "burn") == 0 && count > 2 ? strtod(words[2], NULL) : 0;
    int file = -1;

    if (strcmp(mode, "stamp") == 0 && count > 2 && (file = open(words[2], O_WRONLY | O_APPEND | O_CREAT, 0600)) < 0)
        return EXIT_FAILURE;
    pending = (size_t)snprintf(out, ROOM, "{\"ready\":true}\n");
    flush_answers();

    for (;;) {
        ssize_t bytes = read(IN, in + filled, ROOM - filled);
        if (bytes <= 0)
            return bytes == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        filled += (size_t)bytes;
        char *line = in, *end;
        while ((end = memchr(line, '\n', filled - (size_t)(line - in))) != NULL) {
            *end = '\0';
            if (strncmp(line, "{\"run\":", 7) == 0) {
                if (file >= 0)
                    stamp(file, line);
                if (seconds > 0)
                    nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)}, NULL);
                if (burnt > 0)
                    burn(burnt);
                if (pending > ROOM - 128)
                    flush_answers();
                pending += (size_t)snprintf(out + pending, ROOM - pending, answer, strtol(line + 7, NULL, 10));
            }
            line = end + 1;
        }
        filled -= (size_t)(line - in);
        memmove(in, line, filled);
        flush_answers();
    }
}
