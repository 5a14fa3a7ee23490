/* Uses so many seconds of processor time of this process, however long that takes. */
#ifndef BURN_H
#define BURN_H

#include <time.h>

static double burn_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void burn(double seconds)
{
    double end = burn_clock() + seconds;
    while (burn_clock() < end)
        ;
}

#endif
