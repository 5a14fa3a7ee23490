/* A way to Redis that takes time: passes on what comes on either side of each connection, so many microseconds later.
 *   delay SOCKET SERVER_SOCKET MICROSECONDS
 * Bytes keep their order and nothing is lost; a side that ends is followed by the other, late too. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 64, SIZE = 1 << 16 };

/* What one read brought; of length 0: the end. */
struct piece {
    struct piece *next;
    long long due;
    size_t length, sent;
    char bytes[];
};

struct direction {
    int from, to;
    struct piece *first, **last;
};

static struct direction ways[2 * CONNECTIONS];
static int count; /* of ways in use: two for each connection, the second being the first's way back */
static long long delay;

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static long long nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int open_socket(const char *path, int isServer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || strlen(path) >= sizeof address.sun_path)
        fail("make a socket");
    strcpy(address.sun_path, path);
    if (isServer ? bind(descriptor, (void *)&address, sizeof address) != 0 || listen(descriptor, CONNECTIONS) != 0
                 : connect(descriptor, (void *)&address, sizeof address) != 0)
        fail(path);
    return descriptor;
}

static void add_way(int from, int to)
{
    struct direction *way = &ways[count++];
    *way = (struct direction){.from = from, .to = to, .first = NULL, .last = NULL};
    way->last = &way->first;
}

static void take(struct direction *way)
{
    struct piece *piece = malloc(sizeof *piece + SIZE);
    if (piece == NULL)
        fail("keep bytes");
    ssize_t length = read(way->from, piece->bytes, SIZE);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
        free(piece);
        return;
    }
    piece->length = length > 0 ? (size_t)length : 0;
    piece->sent = 0;
    piece->next = NULL;
    piece->due = nanoseconds() + delay;
    *way->last = piece;
    way->last = &piece->next;
    if (piece->length == 0)
        way->from = -1;
}

/* Sends what is due. Returns when the next piece is, or -1 without one. */
static long long pass(struct direction *way)
{
    while (way->first != NULL) {
        struct piece *piece = way->first;
        if (piece->due > nanoseconds())
            return piece->due;
        while (piece->sent < piece->length) {
            ssize_t sent = send(way->to, piece->bytes + piece->sent, piece->length - piece->sent, MSG_NOSIGNAL);
            if (sent < 0)
                break; /* the other side is gone: its end comes the other way */
            piece->sent += (size_t)sent;
        }
        if (piece->length == 0)
            shutdown(way->to, SHUT_WR);
        way->first = piece->next;
        if (way->first == NULL)
            way->last = &way->first;
        free(piece);
    }
    return -1;
}

/* Closes connections of which both sides have ended. */
static void forget_ended(void)
{
    for (int index = 0; index < count; index += 2) {
        struct direction *there = &ways[index], *back = &ways[index + 1];
        if (there->from >= 0 || back->from >= 0 || there->first != NULL || back->first != NULL)
            continue;
        close(there->to);
        close(back->to);
        count -= 2;
        for (int side = 0; side < 2 && index < count; side++) {
            ways[index + side] = ways[count + side];
            if (ways[index + side].first == NULL)
                ways[index + side].last = &ways[index + side].first;
        }
        index -= 2;
    }
}

int main(int words_count, char **words)
{
    if (words_count != 4)
        return 64;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int listener = open_socket(words[1], 1);
    delay = atoll(words[3]) * 1000;

    for (;;) {
        long long next = -1;
        for (int index = 0; index < count; index++) {
            long long due = pass(&ways[index]);
            if (due >= 0 && (next < 0 || due < next))
                next = due;
        }
        forget_ended();

        struct pollfd watched[2 * CONNECTIONS + 1];
        for (int index = 0; index < count; index++)
            watched[index] = (struct pollfd){.fd = ways[index].from, .events = POLLIN};
        watched[count] = (struct pollfd){.fd = count < 2 * CONNECTIONS ? listener : -1, .events = POLLIN};
        long long wait = next < 0 ? 0 : next - nanoseconds();
        struct timespec timeout = {wait > 0 ? wait / 1000000000 : 0, wait > 0 ? wait % 1000000000 : 0};
        int watched_count = count;
        if (ppoll(watched, (nfds_t)watched_count + 1, next < 0 ? NULL : &timeout, NULL) < 0 && errno != EINTR)
            fail("wait");
        for (int index = 0; index < watched_count; index++)
            if (watched[index].revents != 0)
                take(&ways[index]);
        if (watched[watched_count].revents != 0) {
            int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            if (client >= 0) {
                int server = open_socket(words[2], 0);
                add_way(client, server);
                add_way(server, client);
            }
        }
    }
}
