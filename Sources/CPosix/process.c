#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static int64_t microseconds(struct timeval time) { return (int64_t)time.tv_sec * 1000000 + time.tv_usec; }

int cposix_reap(int pidfd, struct cposix_exit *end) {
    siginfo_t info = {0};
    struct rusage usage = {0};
    // The system call fills in the child's own usage; libc's waitid leaves that argument out.
    long result;
    do result = syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOHANG, &usage);
    while (result != 0 && errno == EINTR);
    if (result != 0) return errno;
    if (info.si_pid == 0) return EAGAIN;
    end->was_signaled = info.si_code != CLD_EXITED;
    end->dumped_core = info.si_code == CLD_DUMPED;
    end->number = info.si_status;
    end->cpu_microseconds = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    end->maximum_resident_kb = usage.ru_maxrss;
    return 0;
}

int cposix_pidfd_open(pid_t pid, int *pidfd) {
    long result = syscall(SYS_pidfd_open, pid, 0);
    if (result < 0) return errno;
    *pidfd = (int)result;
    return 0;
}

int cposix_pidfd_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0 ? 0 : errno;
}

int cposix_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

int cposix_memfd(const char *name, int *descriptor) {
    int result = memfd_create(name, MFD_CLOEXEC);
    if (result < 0) return errno;
    *descriptor = result;
    return 0;
}

int cposix_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno; }

int cposix_name_thread(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0) == 0 ? 0 : errno; }

const char *cposix_error_text(int error) { return strerrordesc_np(error); }
