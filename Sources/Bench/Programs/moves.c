/* A limit: takes jobs from queue:default to a reservation and settles them, in batches, and nothing else: no handler,
 * no parsing, no statistics.
 *   moves SOCKET PROCESSES BATCH list   reserves with LMOVE, settles with LREM
 *   moves SOCKET PROCESSES BATCH hash   reserves with RPOP and HSET under a number, settles with HDEL
 * One EVALSHA settles the last batch and reserves the next. Prints the seconds it took until the queue was empty. */
#include "team.h"

#include <hiredis/hiredis.h>
#include <string.h>

enum { MOST = 100 };

static const char list_script[] =
    "for i = 2, #ARGV do redis.call('LREM', KEYS[2], -1, ARGV[i]) end "
    "local jobs = {} "
    "for i = 1, ARGV[1] do "
    "  local job = redis.call('LMOVE', KEYS[1], KEYS[2], 'RIGHT', 'LEFT') "
    "  if not job then break end "
    "  jobs[i] = job "
    "end "
    "return jobs";

static const char hash_script[] =
    "if #ARGV > 2 then redis.call('HDEL', KEYS[2], unpack(ARGV, 3)) end "
    "local jobs = redis.call('RPOP', KEYS[1], ARGV[1]) "
    "if not jobs then return {} end "
    "local fields, number = {}, tonumber(ARGV[2]) "
    "for i = 1, #jobs do fields[2 * i - 1] = number + i fields[2 * i] = jobs[i] end "
    "redis.call('HSET', KEYS[2], unpack(fields)) "
    "return jobs";

struct plan {
    const char *socket;
    int batch, by_number;
};

static redisReply *checked(redisContext *redis, redisReply *reply)
{
    if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
        fprintf(stderr, "moves: %s\n", reply == NULL ? redis->errstr : reply->str);
        exit(EXIT_FAILURE);
    }
    return reply;
}

static int move_all(struct team_gate *gate, void *context)
{
    const struct plan *plan = context;
    redisContext *redis = redisConnectUnix(plan->socket);
    if (redis == NULL || redis->err)
        team_fail("connect");
    redisReply *load =
        checked(redis, redisCommand(redis, "SCRIPT LOAD %s", plan->by_number ? hash_script : list_script));
    char reservations[64], batch[16], number[24], numbers[MOST][24];
    snprintf(reservations, sizeof reservations, "bench:reserved:%d", (int)getpid());
    snprintf(batch, sizeof batch, "%d", plan->batch);
    team_wait(gate);

    const char *words[7 + MOST] = {"EVALSHA", load->str, "2", "queue:default", reservations, batch, number};
    size_t lengths[7 + MOST];
    int head = plan->by_number ? 7 : 6;
    for (int index = 0; index < 6; index++)
        lengths[index] = strlen(words[index]);

    redisReply *held = NULL;
    long long first = 0;
    do {
        size_t settled = held == NULL ? 0 : held->elements;
        for (size_t index = 0; index < settled; index++) {
            if (plan->by_number) {
                lengths[head + index] =
                    (size_t)snprintf(numbers[index], sizeof numbers[index], "%lld", first + (long long)index + 1);
                words[head + index] = numbers[index];
            } else {
                words[head + index] = held->element[index]->str;
                lengths[head + index] = held->element[index]->len;
            }
        }
        first += (long long)settled;
        if (plan->by_number)
            lengths[6] = (size_t)snprintf(number, sizeof number, "%lld", first);
        redisReply *next = checked(redis, redisCommandArgv(redis, head + (int)settled, words, lengths));
        if (held != NULL)
            freeReplyObject(held);
        held = next;
    } while (held->elements > 0);
    freeReplyObject(held);
    freeReplyObject(load);
    redisFree(redis);
    return EXIT_SUCCESS;
}

int main(int count, char **words)
{
    if (count != 5 || atoi(words[3]) < 1 || atoi(words[3]) > MOST)
        return 64;
    struct plan plan = {words[1], atoi(words[3]), strcmp(words[4], "hash") == 0};
    return team_run(atoi(words[2]), move_all, &plan);
}
