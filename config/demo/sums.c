/* A serve handler in C: adds up the numbers in `args`. Reads run lines on descriptor 3, answers on descriptor 4. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    FILE *in = fdopen(3, "r"), *out = fdopen(4, "w");
    char *line = NULL;
    size_t room = 0;

    if (in == NULL || out == NULL)
        return EXIT_FAILURE;
    fputs("{\"ready\":true}\n", out);
    fflush(out);

    while (getline(&line, &room, in) > 0) {
        const char *run = strstr(line, "\"run\":");
        const char *next = strstr(line, "\"args\":[");
        double sum = 0;

        if (strstr(line, "\"quiet\"") == line + 1)
            break;
        if (run == NULL)
            continue;
        for (next = next ? next + 8 : "]"; *next != ']' && *next != '\0';) {
            char *end;
            double number = strtod(next, &end);
            if (end == next)
                break;
            sum += number;
            next = *end == ',' ? end + 1 : end;
        }
        printf("the sum is %g\n", sum);
        fflush(stdout);
        fprintf(out, "{\"done\":%ld}\n", strtol(run + 6, NULL, 10));
        fflush(out);
    }
    free(line);
    return EXIT_SUCCESS;
}
