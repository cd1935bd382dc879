/* stdin, stdout, stderr: picolibc's buffered streams on the descriptors 0, 1, 2. */
#include <stdio.h>
#include <stdio-bufio.h>
#include <sys/lock.h>
#include <unistd.h>

#include "libsys.h"

static char buffer[3][256];

static struct __file_bufio in =
    FDEV_SETUP_BUFIO(0, buffer[0], sizeof buffer[0], read, write, lseek, close, __SRD, 0);
static struct __file_bufio out =
    FDEV_SETUP_BUFIO(1, buffer[1], sizeof buffer[1], read, write, lseek, close, __SWR, __BLBF);
static struct __file_bufio error =
    FDEV_SETUP_BUFIO(2, buffer[2], sizeof buffer[2], read, write, lseek, close, __SWR, __BLBF);

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
