/* stdin, stdout, stderr: picolibc's buffered streams on the descriptors 0, 1, 2. */
#include <stdio.h>
#include <stdio-bufio.h>
#include <sys/lock.h>
#include <unistd.h>

#include "libsys.h"

static char buffer[3][256];

/* A stream's error flag: picolibc 1.8 takes an error for the end of the file, and does not set it
 * where fflush fails. */
static ssize_t noted(FILE *file, ssize_t n)
{
    if (n < 0)
        file->flags |= __SERR;
    return n;
}

static ssize_t read_in(int fd, void *to, size_t nbytes)
{
    return noted(stdin, read(fd, to, nbytes));
}

static ssize_t write_out(int fd, const void *from, size_t nbytes)
{
    return noted(stdout, write(fd, from, nbytes));
}

static ssize_t write_error(int fd, const void *from, size_t nbytes)
{
    return noted(stderr, write(fd, from, nbytes));
}

static int get_in(FILE *file)
{
    int c = __bufio_get(file);
    return c == _FDEV_EOF && ferror(file) ? _FDEV_ERR : c;
}

#define __bufio_get get_in /* what the next macro makes of it */
static struct __file_bufio in =
    FDEV_SETUP_BUFIO(0, buffer[0], sizeof buffer[0], read_in, write, lseek, close, __SRD, 0);
#undef __bufio_get
static struct __file_bufio out =
    FDEV_SETUP_BUFIO(1, buffer[1], sizeof buffer[1], read, write_out, lseek, close, __SWR, __BLBF);
static struct __file_bufio error = FDEV_SETUP_BUFIO(2, buffer[2], sizeof buffer[2], read,
                                                    write_error, lseek, close, __SWR, __BLBF);

FILE *const stdin = &in.xfile.cfile.file;
FILE *const stdout = &out.xfile.cfile.file;
FILE *const stderr = &error.xfile.cfile.file;

/* What stdout and stderr still have is written by exit, after all other functions for its end. */
__attribute__((destructor(101))) static void write_rest(void)
{
    fflush(stdout);
    fflush(stderr);
}

/* There is a lock, and somebody to ask for it, in programs with threads alone. */
int __retarget_lock_try_acquire(_LOCK_T lock) __attribute__((weak));
void __retarget_lock_release(_LOCK_T lock) __attribute__((weak));

void libsys_write_errors(void)
{
    if (error.len == 0 || (error.lock != NULL && !__retarget_lock_try_acquire(error.lock)))
        return;
    fflush(stderr);
    if (error.lock != NULL)
        __retarget_lock_release(error.lock);
}
