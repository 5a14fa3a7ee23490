/* A handler whose cost is known, since each job says what it is to be: args [SLEEP, BURN, PEAK, KEEP], microseconds of
 * sleep, microseconds of processor time of the thread, KiB touched and given back, KiB touched and kept.
 *   truth THREADS   serve, so many jobs at once
 *   truth spawn     one job from stdin */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { IN = 3, OUT = 4, ROOM = 1 << 20, MOST = 256 };

struct job {
    long run, sleep, burn, peak, keep;
};

static struct job waiting[MOST];
static unsigned first, count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER, room = PTHREAD_COND_INITIALIZER;

static struct job parse(const char *line)
{
    struct job job = {0};
    long *numbers[] = {&job.sleep, &job.burn, &job.peak, &job.keep};
    const char *arguments = strstr(line, "\"args\":["), *run = strstr(line, "\"run\":");
    if (run != NULL)
        job.run = strtol(run + 6, NULL, 10);
    if (arguments == NULL)
        return job;
    char *place = (char *)arguments + 8;
    for (unsigned index = 0; index < 4; index++) {
        *numbers[index] = strtol(place, &place, 10);
        if (*place != ',')
            break;
        place++;
    }
    return job;
}

static long long thread_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Every page is written to, so that it is there. */
static void *touch(long kib)
{
    if (kib <= 0)
        return NULL;
    char *memory = mmap(NULL, (size_t)kib << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        exit(EXIT_FAILURE);
    for (long page = 0; page < kib << 10; page += 4096)
        memory[page] = 1;
    return memory;
}

static void work(const struct job *job)
{
    long long end = thread_nanoseconds() + 1000 * job->burn;
    void *passing = touch(job->peak);
    touch(job->keep);
    if (passing != NULL)
        munmap(passing, (size_t)job->peak << 10);
    while (thread_nanoseconds() < end)
        ;
    if (job->sleep > 0)
        nanosleep(&(struct timespec){job->sleep / 1000000, job->sleep % 1000000 * 1000}, NULL);
}

static void answer(long run)
{
    char line[64];
    int bytes = snprintf(line, sizeof line, "{\"done\":%ld}\n", run);
    if (write(OUT, line, (size_t)bytes) != bytes) /* short lines are written whole: pipe(7) */
        _exit(EXIT_FAILURE);
}

static void *serve(void *unused)
{
    prctl(PR_SET_TIMERSLACK, 1);
    for (;;) {
        pthread_mutex_lock(&lock);
        while (count == 0)
            pthread_cond_wait(&more, &lock);
        struct job job = waiting[first];
        first = (first + 1) % MOST;
        count--;
        pthread_cond_signal(&room);
        pthread_mutex_unlock(&lock);
        work(&job);
        answer(job.run);
    }
    return unused;
}

static void hand_over(struct job job)
{
    pthread_mutex_lock(&lock);
    while (count == MOST)
        pthread_cond_wait(&room, &lock);
    waiting[(first + count++) % MOST] = job;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
}

int main(int words, char **word)
{
    static char line[ROOM];
    int threads = words > 1 ? atoi(word[1]) : 1;

    prctl(PR_SET_TIMERSLACK, 1); /* nanosleep(2) would take 50 us more */
    if (words > 1 && strcmp(word[1], "spawn") == 0) {
        if (fgets(line, ROOM, stdin) == NULL)
            return EXIT_FAILURE;
        struct job job = parse(line);
        work(&job);
        return EXIT_SUCCESS;
    }
    FILE *in = fdopen(IN, "r");
    pthread_t thread;
    for (int index = 0; threads > 1 && index < threads; index++)
        if (pthread_create(&thread, NULL, serve, NULL) != 0)
            return EXIT_FAILURE;
    if (in == NULL || write(OUT, "{\"ready\":true}\n", 15) != 15)
        return EXIT_FAILURE;
    while (fgets(line, ROOM, in) != NULL) {
        if (strncmp(line, "{\"run\":", 7) != 0)
            continue;
        struct job job = parse(line);
        if (threads > 1) {
            hand_over(job);
        } else {
            work(&job);
            answer(job.run);
        }
    }
    return EXIT_SUCCESS;
}
