// A handler of which it is known what a run costs. It does what the arguments of the job say, one after the other:
//
//   ["burn",MS]  computes for so many milliseconds of CPU time     ["sleep",MS]  waits
//   ["child",MS] burns in a child and waits for it                 ["print",BYTES]
//   ["take",MB]  takes memory and gives it back                    ["keep",MB]   takes memory and keeps it
//   ["grow",MB,MS] keeps MB more in the course of so many milliseconds
//   ["hold",MS]  burns while holding the one lock of the process, as a runtime with a global lock does
//
// Mode spawn: the payload stands on standard input. Mode serve: with THREADS in its environment so many runs at once.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static char *lines[4096];
static unsigned first, last;

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void burn(double ms) {
    double end = seconds(CLOCK_THREAD_CPUTIME_ID) + ms / 1e3;
    while (seconds(CLOCK_THREAD_CPUTIME_ID) < end)
        for (volatile int i = 0; i < 1000; i++) {}
}

static void pass(double ms) {
    struct timespec time = {(time_t)(ms / 1e3), (long)(ms * 1e6) % 1000000000};
    nanosleep(&time, NULL);
}

static char *take(double mb) {
    size_t size = (size_t)(mb * 1048576);
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < size; i += 4096) memory[i] = 1;
    return memory;
}

static void perform(const char *what, double amount, double more) {
    if (strcmp(what, "burn") == 0) burn(amount);
    if (strcmp(what, "sleep") == 0) pass(amount);
    if (strcmp(what, "take") == 0) munmap(take(amount), (size_t)(amount * 1048576));
    if (strcmp(what, "keep") == 0) take(amount);
    if (strcmp(what, "grow") == 0)
        for (int i = 0; i < 100; i++) take(amount / 100), pass(more / 100);
    if (strcmp(what, "hold") == 0) {
        pthread_mutex_lock(&lock);
        burn(amount);
        pthread_mutex_unlock(&lock);
    }
    if (strcmp(what, "print") == 0) {
        for (int i = 0; i < (int)amount; i++) putchar(i % 64 == 63 ? '\n' : 'x');
        fflush(stdout);
    }
    if (strcmp(what, "child") == 0) {
        pid_t child = fork();
        if (child == 0) {
            burn(amount);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
}

static void work(const char *line) {
    const char *next = strstr(line, "\"args\":[");
    char what[32];
    while (next != NULL && (next = strstr(next + 1, "[\"")) != NULL) {
        double amount = 0, more = 0;
        if (sscanf(next, "[\"%31[a-z]\",%lf,%lf", what, &amount, &more) >= 1) perform(what, amount, more);
    }
}

static void serve(char *line) {
    long number;
    if (sscanf(line, "{\"run\":%ld", &number) != 1) return;
    work(line);
    char answer[64];
    int length = snprintf(answer, sizeof answer, "{\"done\":%ld}\n", number);
    if (write(4, answer, (size_t)length) != length) exit(1);
}

static void *thread(void *unused) {
    for (;;) {
        pthread_mutex_lock(&queue);
        while (first == last) pthread_cond_wait(&filled, &queue);
        char *line = lines[first++ % 4096];
        pthread_mutex_unlock(&queue);
        serve(line);
        free(line);
    }
    return unused;
}

int main(void) {
    char *line = NULL;
    size_t size = 0;
    if (getenv("MARTLET_IN") == NULL) {
        if (getline(&line, &size, stdin) > 0) work(line);
        return 0;
    }
    int threads = getenv("THREADS") != NULL ? atoi(getenv("THREADS")) : 0;
    for (int i = 0; i < threads; i++) {
        pthread_t id;
        pthread_create(&id, NULL, thread, NULL);
    }
    FILE *input = fdopen(3, "r");
    if (write(4, "{\"ready\":true}\n", 15) != 15) return 1;
    while (getline(&line, &size, input) > 0) {
        if (threads == 0) {
            serve(line);
            continue;
        }
        pthread_mutex_lock(&queue);
        lines[last++ % 4096] = strdup(line);
        pthread_cond_signal(&filled);
        pthread_mutex_unlock(&queue);
    }
    return 0;
}
