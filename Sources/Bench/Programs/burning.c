/* A limit: uses processor time, so much for each job, in PROCESSES loops at once, and nothing else.
 *   burning SECONDS JOBS PROCESSES
 * Prints the seconds it took. */
#include "burn.h"
#include "team.h"

struct plan {
    double seconds;
    int jobs;
};

static int burn_all(struct team_gate *gate, void *context)
{
    const struct plan *plan = context;
    team_wait(gate);
    for (int job = 0; job < plan->jobs; job++)
        burn(plan->seconds);
    return EXIT_SUCCESS;
}

int main(int count, char **words)
{
    if (count != 4)
        return 64;
    int processes = atoi(words[3]);
    struct plan plan = {strtod(words[1], NULL), atoi(words[2]) / processes};
    return team_run(processes, burn_all, &plan);
}
