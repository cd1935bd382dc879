/* Calls of POSIX that are made of others. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 64, LINKS_MAX = 65535 };

/* The arguments that follow, as far as their NULL; false: too many. */
static bool collect(char *argv[ARGUMENTS_MAX], const char *first, va_list more)
{
    const char *argument = first;
    for (unsigned n = 0; n < ARGUMENTS_MAX; n++, argument = va_arg(more, const char *)) {
        argv[n] = (char *)argument;
        if (argument == NULL)
            return true;
    }
    errno = E2BIG;
    return false;
}

static int exec_list(int (*exec)(const char *, char *const[]), const char *path, const char *first,
                     va_list more)
{
    char *argv[ARGUMENTS_MAX];
    return collect(argv, first, more) ? exec(path, argv) : -1;
}

int execl(const char *path, const char *first, ...)
{
    va_list more;
    va_start(more, first);
    int result = exec_list(execv, path, first, more);
    va_end(more);
    return result;
}

int execlp(const char *file, const char *first, ...)
{
    va_list more;
    va_start(more, first);
    int result = exec_list(execvp, file, first, more);
    va_end(more);
    return result;
}

int creat(const char *name, mode_t mode)
{
    return open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

/* Who finds it may do with it what its kind allows. */
int access(const char *name, int mode)
{
    struct stat stat_of;
    if ((mode & ~(R_OK | W_OK | X_OK)) != 0) {
        errno = EINVAL;
        return -1;
    }
    return stat(name, &stat_of);
}

/* Files alone, since nobody links a directory. For a moment the new name may be missing. */
int rename(const char *old, const char *new)
{
    struct stat from, to;
    if (link(old, new) != 0) {
        if (errno != EEXIST || stat(old, &from) != 0 || stat(new, &to) != 0)
            return -1;
        if (from.st_ino == to.st_ino)
            return 0;
        if (S_ISDIR(to.st_mode)) {
            errno = EISDIR;
            return -1;
        }
        if (S_ISDIR(from.st_mode) || from.st_nlink == LINKS_MAX) {
            errno = S_ISDIR(from.st_mode) ? EPERM : EMLINK;
            return -1;
        }
        if (unlink(new) != 0 || link(old, new) != 0)
            return -1;
    }
    return unlink(old);
}

/* Until a signal ends the process. */
int pause(void)
{
    for (;;)
        sleep(~0u);
}
