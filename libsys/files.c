/* Descriptors: calls of the files server. Names and bytes cross in the transfer page. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holstein.h"
#include "libsys.h"

/* The request in word[0] with its arguments; connects first, so that the page is there. */
static long call(uint64_t word[6])
{
    if (libsys_page() == NULL)
        return -1;
    return libsys_answer(libsys_call(SLOT_FILES, word));
}

static long call3(uint64_t request, uint64_t a, uint64_t b, uint64_t c)
{
    return call((uint64_t[6]){request, a, b, c});
}

/* A name into the page, from `at` on: its length, or -1. Each byte is fetched so that a bad pointer
 * is an error. */
static long put_name(const char *name, size_t at)
{
    char *page = libsys_page();
    if (page == NULL)
        return -1;
    for (size_t n = 0; n <= FILE_PATH_MAX; n++) {
        if (libsys_copy(page + at + n, name + n, 1) != 0) {
            errno = EFAULT;
            return -1;
        }
        if (page[at + n] == '\0') {
            errno = ENOENT;
            return n > 0 ? (long)n : -1;
        }
    }
    errno = ENAMETOOLONG;
    return -1;
}

/* A request about one name: its length and another word. */
static long call_name(uint64_t request, const char *name, uint64_t a)
{
    long n = put_name(name, 0);
    return n < 0 ? -1 : call3(request, (uint64_t)n, a, 0);
}

static bool is_console(int fd)
{
    return !libsys_connected && fd >= 0 && fd <= 2;
}

int open(const char *name, int flags, ...)
{
    static const uint64_t access[] = {FILES_READABLE, FILES_WRITABLE,
                                      FILES_READABLE | FILES_WRITABLE};
    static const struct {
        int flag;
        uint64_t bit;
    } bits[] = {{O_CREAT, FILES_CREATE},        {O_TRUNC, FILES_TRUNCATED},
                {O_APPEND, FILES_APPEND},       {O_EXCL, FILES_EXCLUSIVE},
                {O_DIRECTORY, FILES_DIRECTORY}, {O_CLOEXEC, FILES_CLOEXEC}};
    if ((flags & O_ACCMODE) > O_RDWR) {
        errno = EINVAL;
        return -1;
    }
    uint64_t wanted = access[flags & O_ACCMODE];
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if ((flags & bits[i].flag) != 0)
            wanted |= bits[i].bit;
    long n = put_name(name, 0);
    return n < 0 ? -1 : (int)call3(FILES_OPEN, wanted, (uint64_t)n, 0);
}

int close(int fd)
{
    return (int)call3(FILES_CLOSE, (uint64_t)fd, 0, 0);
}

int dup(int fd)
{
    return (int)call3(FILES_DUP, (uint64_t)fd, (uint64_t)-1, 0);
}

int dup2(int fd, int to)
{
    if (to < 0) {
        errno = EBADF;
        return -1;
    }
    return (int)call3(FILES_DUP, (uint64_t)fd, (uint64_t)to, 0);
}

/* The server gives bytes away when it answers: it is asked for no more than there is room for. A
 * request for none finds out what is wrong with the descriptor. */
ssize_t read(int fd, void *to, size_t nbytes)
{
    if (is_console(fd))
        return libsys_console_read(to, nbytes);
    size_t done = 0;
    do {
        size_t wanted = nbytes - done < PAGE_SIZE ? nbytes - done : PAGE_SIZE;
        size_t room = wanted == 0 ? 0 : libsys_writable((char *)to + done, wanted);
        long n = room == 0 && done > 0 ? 0 : call3(FILES_READ, (uint64_t)fd, room, done > 0);
        if (n == FILES_IS_CONSOLE)
            return libsys_console_read(to, nbytes);
        if (n < 0)
            return done > 0 ? (ssize_t)done : -1;
        if (room == 0 && wanted > 0 && done == 0) {
            errno = EFAULT;
            return -1;
        }
        if (libsys_copy((char *)to + done, libsys_page(), (size_t)n) != 0) {
            /* Another thread took the room away meanwhile. A file's bytes can be had again. */
            call3(FILES_SEEK, (uint64_t)fd, (uint64_t)-n, 1);
            errno = EFAULT;
            return done > 0 ? (ssize_t)done : -1;
        }
        done += (size_t)n;
        if ((size_t)n < wanted)
            break;
    } while (done < nbytes);
    return (ssize_t)done;
}

ssize_t write(int fd, const void *from, size_t nbytes)
{
    if (is_console(fd))
        return libsys_console_write(from, nbytes);
    size_t done = 0;
    do {
        size_t wanted = nbytes - done < PAGE_SIZE ? nbytes - done : PAGE_SIZE;
        char *page = libsys_page();
        if (page == NULL)
            return -1;
        if (libsys_copy(page, (const char *)from + done, wanted) != 0) {
            errno = EFAULT;
            return done > 0 ? (ssize_t)done : -1;
        }
        long n = call3(FILES_WRITE, (uint64_t)fd, wanted, 0);
        if (n == FILES_IS_CONSOLE)
            return libsys_console_write(from, nbytes);
        if (n < 0 && errno == EPIPE) {
            raise(SIGPIPE);
            errno = EPIPE;
        }
        if (n < 0)
            return done > 0 ? (ssize_t)done : -1;
        done += (size_t)n;
        if ((size_t)n < wanted)
            break;
    } while (done < nbytes);
    return (ssize_t)done;
}

off_t lseek(int fd, off_t offset, int whence)
{
    if (is_console(fd)) {
        errno = ESPIPE;
        return -1;
    }
    return (off_t)call3(FILES_SEEK, (uint64_t)fd, (uint64_t)offset, (uint64_t)whence);
}

static int fill(struct stat *to, long result, const uint64_t word[6])
{
    static const mode_t modes[] = {[TYPE_DIRECTORY] = S_IFDIR | 0777,
                                   [TYPE_FILE] = S_IFREG | 0777,
                                   [TYPE_DEVICE] = S_IFCHR | 0666,
                                   [TYPE_PIPE] = S_IFIFO | 0600};
    if (result < 0)
        return -1;
    struct stat stat = {.st_dev = 1,
                        .st_ino = (ino_t)word[1],
                        .st_mode = modes[word[2]],
                        .st_nlink = (nlink_t)word[3],
                        .st_size = (off_t)word[4],
                        .st_blksize = PAGE_SIZE,
                        .st_blocks = (blkcnt_t)((word[4] + 511) / 512)};
    if (libsys_copy(to, &stat, sizeof stat) == 0)
        return 0;
    errno = EFAULT;
    return -1;
}

int fstat(int fd, struct stat *to)
{
    uint64_t word[6] = {FILES_STAT, (uint64_t)fd};
    return fill(to, call(word), word);
}

int stat(const char *name, struct stat *to)
{
    long n = put_name(name, 0);
    uint64_t word[6] = {FILES_STAT_AT, (uint64_t)n};
    return n < 0 ? -1 : fill(to, call(word), word);
}

int isatty(int fd)
{
    uint64_t word[6] = {FILES_STAT, (uint64_t)fd};
    if (is_console(fd))
        return 1;
    if (call(word) < 0)
        return 0;
    errno = ENOTTY;
    return word[2] == TYPE_DEVICE;
}

int link(const char *old, const char *new)
{
    long n = put_name(old, 0), m = n < 0 ? -1 : put_name(new, (size_t)n);
    return m < 0 ? -1 : (int)call3(FILES_LINK, (uint64_t)n, (uint64_t)m, 0);
}

int unlink(const char *name)
{
    return (int)call_name(FILES_UNLINK, name, 0);
}

int rmdir(const char *name)
{
    return (int)call_name(FILES_UNLINK, name, 1);
}

int mkdir(const char *name, mode_t mode)
{
    (void)mode;
    return (int)call_name(FILES_MKDIR, name, 0);
}

int libsys_mknod(const char *name)
{
    return (int)call_name(FILES_MKNOD, name, 0);
}

int chdir(const char *name)
{
    return (int)call_name(FILES_CHDIR, name, 0);
}

char *getcwd(char *to, size_t nbytes)
{
    char *page = libsys_page();
    long n = call3(FILES_GETCWD, 0, 0, 0);
    if (n < 0)
        return NULL;
    if ((size_t)n >= nbytes) {
        errno = to == NULL || nbytes == 0 ? EINVAL : ERANGE;
        return NULL;
    }
    page[n] = '\0';
    if (libsys_copy(to, page, (size_t)n + 1) == 0)
        return to;
    errno = EFAULT;
    return NULL;
}

int pipe(int fds[2])
{
    uint64_t word[6] = {FILES_PIPE};
    if (call(word) < 0)
        return -1;
    int ends[2] = {(int)word[1], (int)word[2]};
    if (libsys_copy(fds, ends, sizeof ends) == 0)
        return 0;
    close(ends[0]);
    close(ends[1]);
    errno = EFAULT;
    return -1;
}

int ftruncate(int fd, off_t nbytes)
{
    return (int)call3(FILES_TRUNCATE, (uint64_t)fd, (uint64_t)nbytes, 0);
}

int holstein_disk(uint64_t figure[4])
{
    uint64_t word[6] = {FILES_FREE};
    if (call(word) < 0)
        return -1;
    memcpy(figure, word, 4 * sizeof figure[0]);
    return 0;
}
