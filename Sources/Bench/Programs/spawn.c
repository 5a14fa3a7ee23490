/* A spawn handler that reads its job and is done. Linked statically: the cheapest program there is to execute. */
#include <unistd.h>

int main(void)
{
    char job[4096];
    ssize_t count;
    while ((count = read(0, job, sizeof job)) > 0)
        ;
    return count < 0;
}
