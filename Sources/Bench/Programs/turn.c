/* A limit: what a job costs at least that is fetched when it comes, handed to a handler and settled when that answers.
 * One job at a time: BLMOVE from queue:default, a line to the handler, its line back, LREM.
 *   turn SOCKET JOBS HANDLER [ARGUMENT...] */
#define _GNU_SOURCE
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static pid_t start(char **command, int *in, int *out)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
        fail("make pipes");
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* Out of the way first: 3 or 4 may be one of the pipes' own numbers. */
        int read_end = fcntl(to[0], F_DUPFD_CLOEXEC, 10), write_end = fcntl(from[1], F_DUPFD_CLOEXEC, 10);
        dup2(read_end, 3);
        dup2(write_end, 4);
        execv(command[0], command);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    *in = from[0];
    *out = to[1];
    return pid;
}

int main(int count, char **words)
{
    static char line[1 << 16];
    int in, out, status;

    if (count < 4)
        return 64;
    redisContext *redis = redisConnectUnix(words[1]);
    if (redis == NULL || redis->err)
        fail("connect");
    pid_t handler = start(words + 3, &in, &out);
    if (read(in, line, sizeof line) <= 0) /* it is ready */
        fail("start the handler");
    redisReply *ready = redisCommand(redis, "SADD processes turn");
    freeReplyObject(ready);

    for (long job = 1; job <= atol(words[2]); job++) {
        redisReply *payload = redisCommand(redis, "BLMOVE queue:default bench:reserved RIGHT LEFT 0");
        if (payload == NULL || payload->type != REDIS_REPLY_STRING)
            fail("fetch");
        int length = snprintf(line, sizeof line, "{\"run\":%ld,\"attempt\":1,\"job\":%s}\n", job, payload->str);
        if (write(out, line, (size_t)length) != length || read(in, line, sizeof line) <= 0)
            fail("talk to the handler");
        redisReply *settled = redisCommand(redis, "LREM bench:reserved -1 %b", payload->str, payload->len);
        if (settled == NULL || settled->type != REDIS_REPLY_INTEGER || settled->integer != 1)
            fail("settle");
        freeReplyObject(payload);
        freeReplyObject(settled);
    }
    close(out);
    waitpid(handler, &status, 0);
    redisFree(redis);
    return status;
}
