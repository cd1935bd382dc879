/* stdin, stdout, stderr: the console, by the kernel's console-write call. */
#include <stdio.h>

#include "start.h"
#include "syscall.h"

enum { CHUNK = 48 };

static char collected[CHUNK];
static unsigned ncollected;

void libsys_flush(void)
{
    unsigned n = ncollected;
    ncollected = 0;
    if (n > 0)
        sys_console_write(SLOT_CONTROL, collected, n);
}

static int put(char c, FILE *file)
{
    (void)file;
    collected[ncollected++] = c;
    if (c == '\n' || ncollected == CHUNK)
        libsys_flush();
    return (unsigned char)c;
}

static int get(FILE *file)
{
    (void)file;
    return _FDEV_EOF;
}

static int flush(FILE *file)
{
    (void)file;
    libsys_flush();
    return 0;
}

static FILE console = FDEV_SETUP_STREAM(put, get, flush, _FDEV_SETUP_RW);
FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;
