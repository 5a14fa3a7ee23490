/* A limit: starts a program with a job on a pipe, waits for its end, and again; PROCESSES such loops at once.
 *   spawning PROGRAM JOBS PROCESSES
 * Prints the seconds it took. */
#define _GNU_SOURCE
#include "team.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>

struct plan {
    char *program;
    int jobs;
};

static int spawn_all(struct team_gate *gate, void *context)
{
    const struct plan *plan = context;
    char job[300], *arguments[] = {plan->program, NULL}, *environment[] = {NULL};

    memset(job, 'x', sizeof job - 1);
    job[sizeof job - 1] = '\n';
    team_wait(gate);
    for (int index = 0; index < plan->jobs; index++) {
        posix_spawn_file_actions_t actions;
        int ends[2], status;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) != 0)
            team_fail("make a pipe");
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
        if (posix_spawn(&pid, plan->program, &actions, NULL, arguments, environment) != 0)
            team_fail("spawn");
        posix_spawn_file_actions_destroy(&actions);
        close(ends[0]);
        if (write(ends[1], job, sizeof job) != sizeof job)
            team_fail("write the job");
        close(ends[1]);
        if (waitpid(pid, &status, 0) != pid || status != 0)
            team_fail("wait for the program");
    }
    return EXIT_SUCCESS;
}

int main(int count, char **words)
{
    if (count != 4)
        return 64;
    int processes = atoi(words[3]);
    struct plan plan = {words[1], atoi(words[2]) / processes};
    return team_run(processes, spawn_all, &plan);
}
