// A serve handler that answers as fast as it can, for measuring what the other side costs. One read is one line or several;
// every run's number stands first in its line.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    static char in[1 << 20], out[1 << 16];
    size_t have = 0;
    if (write(4, "{\"ready\":true}\n", 15) != 15) return 1;
    for (;;) {
        ssize_t count = read(3, in + have, sizeof in - have);
        if (count <= 0) return 0;
        have += (size_t)count;
        char *line = in, *end;
        size_t length = 0;
        while ((end = memchr(line, '\n', have - (size_t)(line - in))) != NULL) {
            long number;
            if (sscanf(line, "{\"run\":%ld", &number) == 1)
                length += (size_t)sprintf(out + length, "{\"done\":%ld}\n", number);
            line = end + 1;
        }
        have -= (size_t)(line - in);
        memmove(in, line, have);
        if (length > 0 && write(4, out, length) != (ssize_t)length) return 1;
    }
}
