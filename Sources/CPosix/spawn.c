#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What the child tells its parent. It lies in memory both share until execve(2), hence volatile.
struct report {
    volatile int step;
    volatile int error;
};

static _Noreturn void fail(struct report *report, int step) {
    report->error = errno;
    report->step = step;
    _exit(127);
}

static void reset_signal_handlers(void) {
    // execve(2) resets handlers but keeps what is ignored: SIGPIPE in our case, anything if we inherited it. The
    // system call, because the function of libc leaves out the two signals it uses itself. All zeros mean SIG_DFL
    // in the kernel's structure, whose size differs between architectures and is at most 40 bytes.
    static const char by_default[64] = {0};
    for (int number = 1; number < NSIG; number++)
        syscall(SYS_rt_sigaction, number, by_default, NULL, (NSIG - 1) / 8);
}

// Moves every descriptor out of the way of the numbers wanted, then to its number, then closes all others.
static int arrange_descriptors(const struct cposix_spawn *spec) {
    const int *wanted = spec->child_descriptors;
    size_t count = spec->descriptor_count;
    int above = count == 0 ? 3 : wanted[count - 1] + 1;
    for (size_t i = 0; i < count; i++) {
        spec->scratch[i] = fcntl(spec->parent_descriptors[i], F_DUPFD_CLOEXEC, above);
        if (spec->scratch[i] < 0) return -1;
    }
    for (size_t i = 0; i < count; i++)
        if (dup2(spec->scratch[i], wanted[i]) < 0) return -1;

    unsigned int next = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned int kept = (unsigned int)wanted[i];
        if (kept > next && syscall(SYS_close_range, next, kept - 1, 0) != 0) return -1;
        next = kept + 1;
    }
    if (syscall(SYS_close_range, next, UINT_MAX, 0) != 0) return -1;

    // A program that finds 0, 1 or 2 closed would write its complaints into the next file it opens. open(2)
    // takes the lowest free number, and only 0 to 2 can be free below 3.
    for (int number = 0; number <= 2; number++) {
        if (fcntl(number, F_GETFD) >= 0) continue;
        if (open("/dev/null", O_RDWR) != number) return -1;
    }
    return 0;
}

static int limit_open_files(uint64_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

// System calls, not the functions of libc: those would change the credentials of every thread of our parent,
// whose memory we still run in.
static int change_credentials(const struct cposix_spawn *spec) {
    if (syscall(SYS_setgroups, spec->group_count, spec->groups) != 0) return -1;
    if (syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid) != 0) return -1;
    return (int)syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid);
}

static _Noreturn void become(const struct cposix_spawn *spec, pid_t parent, struct report *report) {
    reset_signal_handlers();
    if (spec->group == CPOSIX_GROUP_OWN && setpgid(0, 0) != 0) fail(report, CPOSIX_STEP_GROUP);
    if (spec->group == CPOSIX_GROUP_SESSION && setsid() < 0) fail(report, CPOSIX_STEP_GROUP);
    if (arrange_descriptors(spec) != 0) fail(report, CPOSIX_STEP_DESCRIPTORS);
    if (spec->directory && chdir(spec->directory) != 0) fail(report, CPOSIX_STEP_DIRECTORY);
    if (spec->open_files_limit && limit_open_files(spec->open_files_limit) != 0)
        fail(report, CPOSIX_STEP_OPEN_FILES_LIMIT);
    if (spec->change_credentials && change_credentials(spec) != 0) fail(report, CPOSIX_STEP_CREDENTIALS);
    if (spec->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail(report, CPOSIX_STEP_PRIVILEGES);
    if (spec->parent_death_signal) {
        // After the credentials, whose change clears it.
        if (prctl(PR_SET_PDEATHSIG, spec->parent_death_signal) != 0) fail(report, CPOSIX_STEP_PARENT_DEATH);
        // A parent that died before the call above will never send the signal.
        if (getppid() != parent) _exit(127);
    }
    // Our caller may block signals (a signalfd, a pool thread): its mask is nothing a program should inherit.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(spec->executable, spec->arguments, spec->environment);
    fail(report, CPOSIX_STEP_EXECUTE);
}

static void wait_for(pid_t pid) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

int cposix_spawn(const struct cposix_spawn *spec, struct cposix_child *child) {
    struct report report = {0, 0};
    pid_t parent = getpid();
    child->pid = 0;
    child->pidfd = -1;
    child->step = 0;

    // A handler of ours that ran in the child would run on our memory.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0) become(spec, parent, &report);
    int error = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    if (error) {
        child->step = CPOSIX_STEP_FORK;
        return error;
    }
    if (report.step) {
        wait_for(pid);
        child->step = report.step;
        return report.error;
    }
    error = cposix_pidfd_open(pid, &child->pidfd);
    if (error) {
        kill(pid, SIGKILL);
        wait_for(pid);
        child->step = CPOSIX_STEP_PIDFD;
        return error;
    }
    child->pid = pid;
    return 0;
}
