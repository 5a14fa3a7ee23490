#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

// Moves every descriptor out of the way of the numbers wanted, then to its number, then closes all others but the program's,
// which execve(2) closes. *program becomes its number here.
static int arrange_descriptors(const struct cposix_spawn *spec, int *program) {
    const int *wanted = spec->child_descriptors;
    size_t count = spec->descriptor_count;
    int above = count == 0 ? 3 : wanted[count - 1] + 1;
    for (size_t i = 0; i < count; i++) {
        spec->scratch[i] = fcntl(spec->parent_descriptors[i], F_DUPFD_CLOEXEC, above);
        if (spec->scratch[i] < 0) return -1;
    }
    if (spec->program >= 0) {
        *program = fcntl(spec->program, F_DUPFD_CLOEXEC, above);
        if (*program < 0) return -1;
    }
    for (size_t i = 0; i < count; i++)
        if (dup2(spec->scratch[i], wanted[i]) < 0) return -1;

    unsigned int next = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned int kept = (unsigned int)wanted[i];
        if (kept > next && syscall(SYS_close_range, next, kept - 1, 0) != 0) return -1;
        next = kept + 1;
    }
    if (*program >= 0) {
        unsigned int kept = (unsigned int)*program;
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

// Both limits, so that the program cannot raise it again.
static int limit_address_space(uint64_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0) return -1;
    if (wanted < limit.rlim_max) limit.rlim_max = wanted;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_AS, &limit);
}

// How many processes its user has is counted for the new user, and a limit on that must not keep this program itself from
// being executed (EAGAIN of execve(2)), so that one comes after the credentials.
static int set_limits(const struct cposix_spawn *spec, int after_credentials) {
    for (size_t i = 0; i < spec->limit_count; i++) {
        const struct cposix_limit *wanted = &spec->limits[i];
        if ((wanted->resource == RLIMIT_NPROC) != after_credentials) continue;
        struct rlimit limit = {.rlim_cur = wanted->soft, .rlim_max = wanted->hard};
        if (setrlimit(wanted->resource, &limit) == 0) continue;
        struct rlimit ours;
        if (errno != EPERM || getrlimit(wanted->resource, &ours) != 0) return -1;
        if (limit.rlim_max > ours.rlim_max) limit.rlim_max = ours.rlim_max;
        if (limit.rlim_cur > ours.rlim_max) limit.rlim_cur = ours.rlim_max;
        if (setrlimit(wanted->resource, &limit) != 0) return -1;
    }
    return 0;
}

// System calls, not the functions of libc: those would change the credentials of every thread of our parent,
// whose memory we still run in.
static int change_credentials(const struct cposix_spawn *spec) {
    if (syscall(SYS_setgroups, spec->group_count, spec->groups) != 0) return -1;
    if (syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid) != 0) return -1;
    return (int)syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid);
}

// 0 in cgroup.procs is the process that writes it.
static int join_control_group(int directory) {
    int processes = openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (processes < 0) return -1;
    return write(processes, "0", 1) == 1 ? 0 : -1;
}

// What the child needs to know, in memory both share.
struct birth {
    const struct cposix_spawn *spec;
    pid_t parent;
    int is_placed;  // it begins in its cgroup
    struct report report;
};

static _Noreturn void become(struct birth *birth) {
    const struct cposix_spawn *spec = birth->spec;
    struct report *report = &birth->report;
    reset_signal_handlers();
    // With our credentials, and before the directory's descriptor is closed.
    if (spec->control_group >= 0 && !birth->is_placed && join_control_group(spec->control_group) != 0)
        fail(report, CPOSIX_STEP_CONTROL_GROUP);
    if (spec->group == CPOSIX_GROUP_OWN && setpgid(0, 0) != 0) fail(report, CPOSIX_STEP_GROUP);
    if (spec->group == CPOSIX_GROUP_SESSION && setsid() < 0) fail(report, CPOSIX_STEP_GROUP);
    int program = -1;
    if (arrange_descriptors(spec, &program) != 0) fail(report, CPOSIX_STEP_DESCRIPTORS);
    if (spec->directory && chdir(spec->directory) != 0) fail(report, CPOSIX_STEP_DIRECTORY);
    if (spec->open_files_limit && limit_open_files(spec->open_files_limit) != 0)
        fail(report, CPOSIX_STEP_OPEN_FILES_LIMIT);
    if (spec->file_mode_mask >= 0) umask((mode_t)spec->file_mode_mask);
    // What only our credentials may do: a higher priority, a higher limit.
    if (set_limits(spec, 0) != 0) fail(report, CPOSIX_STEP_LIMITS);
    if (spec->sets_priority && setpriority(PRIO_PROCESS, 0, spec->priority) != 0) fail(report, CPOSIX_STEP_PRIORITY);
    if (spec->io_priority && syscall(SYS_ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, spec->io_priority) != 0)
        fail(report, CPOSIX_STEP_IO_PRIORITY);
    if (spec->change_credentials && change_credentials(spec) != 0) fail(report, CPOSIX_STEP_CREDENTIALS);
    if (set_limits(spec, 1) != 0) fail(report, CPOSIX_STEP_LIMITS);
    if (spec->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail(report, CPOSIX_STEP_PRIVILEGES);
    if (spec->parent_death_signal) {
        // After the credentials, whose change clears it.
        if (prctl(PR_SET_PDEATHSIG, spec->parent_death_signal) != 0) fail(report, CPOSIX_STEP_PARENT_DEATH);
        // A parent that died before the call above will never send the signal.
        if (getppid() != birth->parent) _exit(127);
    }
    // What it gains is speed, so a refusal (EPERM of a seccomp filter) is no reason not to run.
    if (spec->is_batch && sched_getscheduler(0) == SCHED_OTHER)
        sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){.sched_priority = 0});
    // Our caller may block signals (a signalfd, a pool thread): its mask is nothing a program should inherit.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // Last: until execve(2) we live in the address space of our parent, which may well be larger.
    if (spec->address_space_limit && limit_address_space(spec->address_space_limit) != 0)
        fail(report, CPOSIX_STEP_ADDRESS_SPACE_LIMIT);
    // By the descriptor another user could execute what it cannot reach by the path, which no script could: no such difference.
    if (program >= 0 && (!spec->change_credentials || access(spec->executable, X_OK) == 0))
        syscall(SYS_execveat, program, "", spec->arguments, spec->environment, AT_EMPTY_PATH);
    // Scripts, which the kernel hands to their interpreter by a path, and filters that do not know the call.
    execve(spec->executable, spec->arguments, spec->environment);
    fail(report, CPOSIX_STEP_EXECUTE);
}

// The fields of struct clone_args in linux/sched.h up to the cgroup's: CLONE_ARGS_SIZE_VER2.
struct clone_into {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

#define INTO_CGROUP 0x200000000ULL  // CLONE_INTO_CGROUP, which older headers lack

// vfork(2) into a cgroup: the pid, or -1 with errno. Where a process is moved into its cgroup after it was made, the
// kernel stops every fork and exit of the machine for that, and waits some milliseconds before it does.
static pid_t vfork_into(struct birth *birth) {
#if defined(__x86_64__)
    // While the child runs on this piece of our stack we wait. It calls little more than system calls.
    _Alignas(16) char stack[16384];
    struct clone_into arguments = {
        .flags = CLONE_VM | CLONE_VFORK | INTO_CGROUP,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = sizeof stack,
        .cgroup = (uint64_t)birth->spec->control_group,
    };
    register void (*body)(struct birth *) __asm__("r8") = become;
    register struct birth *argument __asm__("r9") = birth;
    long result;
    birth->is_placed = 1;
    // The child comes back from the system call on the new stack, so it must not return from this function.
    __asm__ volatile(
        "syscall\n\t"
        "testq %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xorl %%ebp, %%ebp\n\t"
        "movq %%r9, %%rdi\n\t"
        "callq *%%r8\n\t"
        "hlt\n"
        "1:"
        : "=a"(result)
        : "0"((long)SYS_clone3), "D"(&arguments), "S"(sizeof arguments), "r"(body), "r"(argument)
        : "rcx", "r11", "memory");
    if (result > 0) return (pid_t)result;
    // A kernel or a filter of system calls that does not know it.
    if (result != -ENOSYS && result != -E2BIG && result != -EINVAL && result != -EPERM) {
        errno = (int)-result;
        return -1;
    }
    birth->is_placed = 0;
#endif
    pid_t pid = vfork();
    if (pid == 0) become(birth);
    return pid;
}

static void wait_for(pid_t pid) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

int cposix_spawn(const struct cposix_spawn *spec, struct cposix_child *child) {
    struct birth birth = {.spec = spec, .parent = getpid()};
    child->pid = 0;
    child->pidfd = -1;
    child->step = 0;

    // A handler of ours that ran in the child would run on our memory.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = spec->control_group < 0 ? vfork() : vfork_into(&birth);
    if (pid == 0) become(&birth);
    int error = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    if (error) {
        child->step = CPOSIX_STEP_FORK;
        return error;
    }
    if (birth.report.step) {
        wait_for(pid);
        child->step = birth.report.step;
        return birth.report.error;
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
