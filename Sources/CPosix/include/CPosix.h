// The C calls Swift must not or cannot make: the gap between vfork and exec, variadic functions, and what
// hides behind _GNU_SOURCE. Every function returns 0 or an errno, prints nothing and keeps no state.
#ifndef CPOSIX_H
#define CPOSIX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <sys/xattr.h>

// What a spawn was doing when it failed.
enum cposix_step {
    CPOSIX_STEP_FORK = 1,
    CPOSIX_STEP_GROUP,
    CPOSIX_STEP_DESCRIPTORS,
    CPOSIX_STEP_DIRECTORY,
    CPOSIX_STEP_OPEN_FILES_LIMIT,
    CPOSIX_STEP_CREDENTIALS,
    CPOSIX_STEP_PRIVILEGES,
    CPOSIX_STEP_PARENT_DEATH,
    CPOSIX_STEP_EXECUTE,
    CPOSIX_STEP_PIDFD,
    CPOSIX_STEP_CONTROL_GROUP,
    CPOSIX_STEP_ADDRESS_SPACE_LIMIT,
    CPOSIX_STEP_LIMITS,
    CPOSIX_STEP_PRIORITY,
    CPOSIX_STEP_IO_PRIORITY,
};

enum cposix_group { CPOSIX_GROUP_INHERITED, CPOSIX_GROUP_OWN, CPOSIX_GROUP_SESSION };

// One limit of setrlimit(2). A hard limit above ours is cut to it where we have no right to raise it, and the soft one with it.
struct cposix_limit {
    int resource;  // RLIMIT_…
    uint64_t soft;
    uint64_t hard;
};

// Everything the child is made of. The strings and arrays are the caller's and must outlive the call.
struct cposix_spawn {
    const char *_Nonnull executable;
    // O_PATH descriptor of the executable: execveat(2) with AT_EMPTY_PATH; where that fails, and with -1, execve(2) by its path.
    int program;
    char *_Nullable const *_Nonnull arguments;    // ends with NULL
    char *_Nullable const *_Nonnull environment;  // ends with NULL
    const char *_Nullable directory;
    const int *_Nullable child_descriptors;   // ascending, each once
    const int *_Nullable parent_descriptors;  // same length; any of ours, in any order
    int *_Nullable scratch;                   // same length; overwritten
    size_t descriptor_count;
    int group;                // enum cposix_group
    int parent_death_signal;  // 0: none
    int no_new_privileges;
    int is_batch;            // SCHED_BATCH of sched(7) where ours is SCHED_OTHER
    int change_credentials;  // 0: uid, gid and groups are not looked at
    uid_t uid;
    gid_t gid;
    const gid_t *_Nullable groups;
    size_t group_count;
    uint64_t open_files_limit;     // soft RLIMIT_NOFILE, cut to the hard one; 0: as it is
    uint64_t address_space_limit;  // RLIMIT_AS, soft and hard, cut to the hard one; 0: as it is
    const struct cposix_limit *_Nullable limits;
    size_t limit_count;
    int file_mode_mask;  // umask(2); -1: as it is
    int sets_priority;   // 0: priority is not looked at
    int priority;        // nice value of setpriority(2), -20 to 19
    int io_priority;     // class and level as ioprio_set(2) takes them; 0: as it is
    int control_group;             // open directory of a cgroup of version 2 the child begins in; -1: that of its parent
};

struct cposix_child {
    pid_t pid;
    int pidfd;  // close-on-exec
    int step;   // enum cposix_step when the call failed
};

// Starts a program and returns when it has been executed or could not be: vfork(2), execve(2), pidfd_open(2); into a
// cgroup by clone3(2) with CLONE_INTO_CGROUP, or where that is not to be had by cgroup.procs of cgroups(7).
// The parent-death signal is tied to the calling thread, see PR_SET_PDEATHSIG in prctl(2).
int cposix_spawn(const struct cposix_spawn *_Nonnull spec, struct cposix_child *_Nonnull child);

struct cposix_exit {
    int was_signaled;
    int dumped_core;
    int number;  // the exit status or the signal
    int64_t cpu_microseconds;
    int64_t maximum_resident_kb;
};

// Takes the exit status of the child behind a pidfd without waiting: waitid(2) with P_PIDFD and the resources
// it used. EAGAIN while it runs, ECHILD if it is not ours or was taken already.
int cposix_reap(int pidfd, struct cposix_exit *_Nonnull end);

// pidfd_open(2), close-on-exec. The descriptor is stored in *pidfd.
int cposix_pidfd_open(pid_t pid, int *_Nonnull pidfd);

// pidfd_send_signal(2). ESRCH if the process has ended and was reaped.
int cposix_pidfd_signal(int pidfd, int signal);

// pipe2(2) with O_CLOEXEC.
int cposix_pipe(int ends[_Nonnull 2]);

// One message on a unix(7) socket, with descriptors of ours that its receiver gets (SCM_RIGHTS), at most 16. It does not
// wait: EAGAIN if there is no room.
int cposix_send_message(int socket, const void *_Nonnull bytes, size_t count, const int *_Nullable descriptors,
                        size_t descriptor_count);

// Opens a directory that lies in another one, to read it: no symbolic link, and nothing that is mounted there, be it of the same
// file system (openat2(2) with RESOLVE_NO_XDEV, or the mount's number of statx(2)). EXDEV for a mount, ENOTSUP where the kernel
// cannot tell; close-on-exec.
int cposix_open_within(int directory, const char *_Nonnull name, int *_Nonnull descriptor);

// memfd_create(2) with MFD_CLOEXEC.
int cposix_memfd(const char *_Nonnull name, int *_Nonnull descriptor);

// PR_SET_CHILD_SUBREAPER of prctl(2): orphaned descendants become our children.
int cposix_become_subreaper(void);

// PR_SET_NAME of prctl(2) for the calling thread; the kernel keeps 15 bytes.
int cposix_name_thread(const char *_Nonnull name);

// strerrordesc_np(3): untranslated, from constant memory, so safe in every thread. NULL for an unknown errno.
const char *_Nullable cposix_error_text(int error);

#endif
