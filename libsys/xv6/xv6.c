/* What programs with user/user.h call: POSIX calls with the old arguments and results. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holstein.h"
#include "libsys.h"
#include "xv6.h"

enum { PATH_LIMIT = 128, ARGUMENTS_LIMIT = 32, CHILDREN_LIMIT = 61, TICKS_A_SECOND = 10 };
enum { FLAG_CREATE = 0x200, FLAG_TRUNC = 0x400, LAZY = 2, STACK_NBYTES = 4096 };

/* TRAPFRAME of kernel/memlayout.h: the page above is the files server's and ours. */
#define HEAP_LIMIT 0x7ffff000ul

static int nchildren;

/* A path whose parts are cut to the length that directories keep; false: too long, or a bad
 * pointer. */
static bool shorten(char to[PATH_LIMIT], const char *from)
{
    size_t n = 0, part = 0;
    for (int i = 0; i < PATH_LIMIT; i++, from++) {
        char c;
        if (libsys_copy(&c, from, 1) != 0)
            return false;
        part = c == '/' ? 0 : part + 1;
        if (part <= FILE_NAME_MAX || c == '\0')
            to[n++] = c;
        if (c == '\0')
            return true;
    }
    return false;
}

int xv6_fork(void)
{
    if (nchildren >= CHILDREN_LIMIT)
        return -1;
    pid_t child = fork();
    nchildren = child == 0 ? 0 : nchildren + (child > 0);
    return child;
}

int xv6_wait(int *status)
{
    uint32_t full, cause;
    if (status != NULL && libsys_writable(status, sizeof *status) < sizeof *status)
        return -1;
    pid_t child = holstein_wait(-1, &full, &cause);
    if (child <= 0)
        return -1;
    nchildren -= nchildren > 0;
    int told = cause == CAUSE_EXIT ? (int)full : -1;
    return status != NULL && libsys_copy(status, &told, sizeof told) != 0 ? -1 : child;
}

/* As xv6 has it: writing to a broken pipe fails. */
__attribute__((constructor)) static void ignore_broken_pipes(void)
{
    signal(SIGPIPE, SIG_IGN);
}

/* Is the descriptor's offset, since the file was truncated, beyond its end? */
static bool is_beyond_end(int fd)
{
    struct stat stat_of;
    off_t offset = lseek(fd, 0, SEEK_CUR);
    return offset > 0 && fstat(fd, &stat_of) == 0 && offset > stat_of.st_size;
}

/* Files have no holes. What lies before a bad address is written, though for a file the call fails;
 * a pipe and the console tell how much that was. */
int xv6_write(int fd, const void *from, int nbytes)
{
    if (nbytes < 0 || (nbytes > 0 && is_beyond_end(fd)))
        return -1;
    long n = write(fd, from, (size_t)nbytes);
    if (n == nbytes || (n < 0 && errno != EFAULT))
        return (int)n;
    long done = n > 0 ? n : 0;
    const char *at = (const char *)from + done;
    long good = PAGE_SIZE - (long)((uintptr_t)at % PAGE_SIZE);
    if (good < nbytes - done && (n = write(fd, at, (size_t)good)) > 0)
        done += n;
    return done == 0 || lseek(fd, 0, SEEK_CUR) >= 0 ? -1 : (int)done;
}

int xv6_read(int fd, void *to, int nbytes)
{
    return nbytes < 0 ? -1 : (int)read(fd, to, (size_t)nbytes);
}

int xv6_kill(int pid)
{
    return kill(pid, SIGKILL);
}

/* The arguments must find room on a stack of one page. */
int xv6_exec(const char *path, char **argv)
{
    char name[PATH_LIMIT];
    size_t nbytes = 0;
    if (!shorten(name, path))
        return -1;
    for (int i = 0;; i++) {
        const char *argument;
        if (libsys_copy(&argument, &argv[i], sizeof argument) != 0 || i > ARGUMENTS_LIMIT)
            return -1;
        if (argument == NULL)
            break;
        char c;
        do
            if (libsys_copy(&c, argument++, 1) != 0 || ++nbytes > STACK_NBYTES - 512)
                return -1;
        while (c != '\0');
    }
    return execv(name, argv);
}

int xv6_open(const char *path, int flags)
{
    char name[PATH_LIMIT];
    if (!shorten(name, path))
        return -1;
    return open(name,
                (flags & O_ACCMODE) | ((flags & FLAG_CREATE) != 0 ? O_CREAT : 0) |
                    ((flags & FLAG_TRUNC) != 0 ? O_TRUNC : 0),
                0666);
}

int xv6_mknod(const char *path, short major, short minor)
{
    char name[PATH_LIMIT];
    (void)major;
    (void)minor;
    return shorten(name, path) ? libsys_mknod(name) : -1;
}

int xv6_unlink(const char *path)
{
    char name[PATH_LIMIT];
    return shorten(name, path) ? unlink(name) : -1;
}

int xv6_link(const char *old, const char *path)
{
    char from[PATH_LIMIT], to[PATH_LIMIT];
    return shorten(from, old) && shorten(to, path) ? link(from, to) : -1;
}

int xv6_mkdir(const char *path)
{
    char name[PATH_LIMIT];
    return shorten(name, path) ? mkdir(name, 0777) : -1;
}

int xv6_chdir(const char *path)
{
    char name[PATH_LIMIT];
    return shorten(name, path) ? chdir(name) : -1;
}

static int tell(const struct stat *from, struct xv6_stat *to)
{
    struct xv6_stat told = {
        .device = 1,
        .inode = (unsigned)from->st_ino,
        .type = S_ISDIR(from->st_mode)   ? 1
                : S_ISREG(from->st_mode) ? 2
                                         : 3,
        .nlinks = (short)from->st_nlink,
        .nbytes = (unsigned long)from->st_size,
    };
    return libsys_copy(to, &told, sizeof told);
}

int xv6_fstat(int fd, struct xv6_stat *to)
{
    struct stat stat_of;
    return fstat(fd, &stat_of) == 0 && !S_ISFIFO(stat_of.st_mode) ? tell(&stat_of, to) : -1;
}

int xv6_stat(const char *path, struct xv6_stat *to)
{
    struct stat stat_of;
    char name[PATH_LIMIT];
    return shorten(name, path) && stat(name, &stat_of) == 0 ? tell(&stat_of, to) : -1;
}

static char *grow(int nbytes, bool beyond)
{
    return (char *)libsys_result(libsys_request((uint64_t[6]){REQ_SBRK, (uint64_t)nbytes, beyond}));
}

/* Shrinking by more than there is at all changes nothing, and is no error. */
char *xv6_sbrklazy(int nbytes)
{
    char *old = sbrk(0);
    uintptr_t wanted = (uintptr_t)old + (uintptr_t)nbytes;
    if (nbytes < 0 && wanted > (uintptr_t)old)
        return old;
    return wanted > HEAP_LIMIT ? (char *)-1 : grow(nbytes, true);
}

/* Touched at once. Where others take the last frames meanwhile, this process ends. */
char *xv6_sbrk(int nbytes)
{
    if (nbytes <= 0)
        return xv6_sbrklazy(nbytes);
    uintptr_t old = (uintptr_t)sbrk(0), end = old + (uintptr_t)nbytes;
    uintptr_t first = (old + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);
    uint64_t npages = end <= first ? 0 : (end - first + PAGE_SIZE - 1) >> PAGE_SHIFT;
    uint64_t ntables = npages == 0 ? 0 : npages / LEAF_PAGES + 2;
    if (end > HEAP_LIMIT || npages + ntables > (uint64_t)holstein_statistic(STATISTIC_FREE) ||
        grow(nbytes, false) == (char *)-1)
        return (char *)-1;
    for (; first < end; first += PAGE_SIZE)
        *(volatile char *)first = 0;
    return (char *)old;
}

char *xv6_sys_sbrk(int nbytes, int how)
{
    return how == LAZY ? xv6_sbrklazy(nbytes) : xv6_sbrk(nbytes);
}

int xv6_sleep(int ticks)
{
    if (ticks > 0)
        usleep((useconds_t)ticks * (1000000 / TICKS_A_SECOND));
    return 0;
}

int xv6_uptime(void)
{
    return (int)(libsys_now() / (libsys_timebase() / TICKS_A_SECOND));
}

void *xv6_memmove(void *to, const void *from, int nbytes)
{
    return nbytes > 0 ? memmove(to, from, (size_t)nbytes) : to;
}

char *xv6_strchr(const char *text, char c)
{
    for (; *text != '\0'; text++)
        if (*text == c)
            return (char *)text;
    return NULL;
}

/* Digits alone: no sign, no blanks. */
int xv6_atoi(const char *text)
{
    unsigned n = 0;
    while (*text >= '0' && *text <= '9')
        n = n * 10 + (unsigned)(*text++ - '0');
    return (int)n;
}

char *xv6_gets(char *to, int limit)
{
    int n = 0;
    while (n + 1 < limit && read(0, &to[n], 1) == 1)
        if (to[n++] == '\n' || to[n - 1] == '\r')
            break;
    to[n] = '\0';
    return to;
}
