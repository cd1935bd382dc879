/* stdin, stdout, stderr: picolibc's buffered streams on the descriptors 0, 1, 2. */
#include <stdio.h>
#include <stdio-bufio.h>
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

void libsys_flush(void)
{
    if (out.len > 0)
        fflush(stdout);
    if (error.len > 0)
        fflush(stderr);
}
