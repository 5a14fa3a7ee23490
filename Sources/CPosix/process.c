#define _GNU_SOURCE
#include "CPosix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

static int same_mount(int directory, int other, const char *name, int flags) {
#ifdef STATX_MNT_ID
    struct statx here, there;
    if (statx(directory, "", AT_EMPTY_PATH, STATX_MNT_ID, &here) != 0) return errno;
    if (statx(other, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID, &there) != 0) return errno;
    if ((here.stx_mask & there.stx_mask & STATX_MNT_ID) == 0) return ENOTSUP;
    return here.stx_mnt_id == there.stx_mnt_id ? 0 : EXDEV;
#else
    return ENOTSUP;
#endif
}

int cposix_open_within(int directory, const char *name, int *descriptor) {
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
    };
    long result = syscall(SYS_openat2, directory, name, &how, sizeof how);
    if (result >= 0) {
        *descriptor = (int)result;
        return 0;
    }
    // Before Linux 5.6, or not allowed by a filter of system calls.
    if (errno != ENOSYS && errno != EPERM) return errno;
    int error = same_mount(directory, directory, name, 0);
    if (error != 0) return error;
    int opened = openat(directory, name, (int)how.flags);
    if (opened < 0) return errno;
    error = same_mount(directory, opened, "", AT_EMPTY_PATH);
    if (error != 0) {
        close(opened);
        return error;
    }
    *descriptor = opened;
    return 0;
}

int cposix_memfd(const char *name, int *descriptor) {
    int result = memfd_create(name, MFD_CLOEXEC);
    if (result < 0) return errno;
    *descriptor = result;
    return 0;
}

int cposix_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno; }

int cposix_name_thread(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0) == 0 ? 0 : errno; }

const char *cposix_error_text(int error) { return strerrordesc_np(error); }
