// A file system that never answers: whoever opens a file of it waits in the kernel (state D), and no signal ends him. It
// is what a dead file server looks like.
//
// hung-files DIRECTORY: mounts itself there, writes "mounted" to standard output, and serves nothing until its standard
// input ends, or for two minutes. Then it takes itself away, and all who wait for it get an error, or the signals that wait
// for them.
// See fuse(4) and linux/fuse.h.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

static void greet(int fuse, const struct fuse_in_header *request) {
    const struct fuse_init_in *wish = (const void *)(request + 1);
    struct {
        struct fuse_out_header head;
        struct fuse_init_out body;
    } answer;
    memset(&answer, 0, sizeof answer);
    answer.head.len = sizeof answer;
    answer.head.unique = request->unique;
    answer.body.major = FUSE_KERNEL_VERSION;
    answer.body.minor = wish->minor < FUSE_KERNEL_MINOR_VERSION ? wish->minor : FUSE_KERNEL_MINOR_VERSION;
    answer.body.max_write = 4096;
    if (write(fuse, &answer, sizeof answer) != sizeof answer) perror("write");
}

// Says in DIRECTORY.asked that somebody waits.
static void note_request(const char *directory) {
    char path[4096];
    snprintf(path, sizeof path, "%s.asked", directory);
    FILE *file = fopen(path, "a");
    if (!file) return;
    fputs("asked\n", file);
    fclose(file);
}

int main(int argc, char **argv) {
    if (argc != 2) return 64;
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fuse < 0) {
        perror("/dev/fuse");
        return 1;
    }
    char options[100];
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fuse);
    if (mount("hung", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        perror("mount");
        return 1;
    }
    printf("mounted\n");
    fclose(stdout);
    static char request[1 << 17];
    struct pollfd sources[] = {{.fd = fuse, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    time_t end = time(NULL) + 120;
    while (poll(sources, 2, 1000) >= 0 && !sources[1].revents && time(NULL) < end) {
        // A request that was read is no longer taken back when the one who asks is killed.
        if (read(fuse, request, sizeof request) < (ssize_t)sizeof(struct fuse_in_header)) continue;
        if (((struct fuse_in_header *)request)->opcode == FUSE_INIT)
            greet(fuse, (void *)request);
        else
            note_request(argv[1]);
    }
    umount2(argv[1], MNT_DETACH);
    return 0;
}
