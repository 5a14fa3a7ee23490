/* Processes that start together: each makes itself ready, then all begin at once and are timed until the last ends. */
#ifndef TEAM_H
#define TEAM_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double team_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void team_fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* In a member: says that it is ready and waits until all are. */
struct team_gate {
    int ready[2], open[2];
};

static void team_wait(struct team_gate *gate)
{
    char nothing;
    close(gate->open[1]);
    close(gate->ready[1]);
    if (read(gate->open[0], &nothing, 1) < 0)
        team_fail("wait for the others");
}

/* Runs `member(gate, context)` in `count` processes and prints the seconds from the start of all to the end of all.
 * Each must call team_wait once. */
static int team_run(int count, int (*member)(struct team_gate *, void *), void *context)
{
    struct team_gate gate;
    char nothing;
    int failed = 0;

    if (pipe(gate.ready) != 0 || pipe(gate.open) != 0)
        team_fail("make a pipe");
    for (int index = 0; index < count; index++) {
        pid_t pid = fork();
        if (pid < 0)
            team_fail("fork");
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(gate.ready[0]);
            _exit(member(&gate, context));
        }
    }
    close(gate.ready[1]);
    if (read(gate.ready[0], &nothing, 1) < 0) /* the end comes when the last has closed its end */
        team_fail("wait for the team");
    double start = team_clock();
    close(gate.open[1]);
    for (int index = 0; index < count; index++) {
        int status;
        if (wait(&status) < 0 || status != 0)
            failed = 1;
    }
    printf("%.6f\n", team_clock() - start);
    return failed;
}

#endif
