/* The console, for descriptors that lead there: whole lines go through the kernel, which never
 * mixes lines of several programs; what has no end yet is to be seen at once, and goes through the
 * server. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "holstein.h"
#include "libsys.h"
#include "syscall.h"

enum { KERNEL_PIECE = 48 };

/* At the first time there is no right to it yet. */
static void write_piece(const char *from, size_t nbytes)
{
    if (sys_console_write(SLOT_CONTROL, from, nbytes) == ERR_CAPABILITY &&
        sys_ask(SLOT_PAGER, REQ_CONNECT, SLOT_CONTROL, 0, 0) == 0)
        sys_console_write(SLOT_CONTROL, from, nbytes);
}

/* Through the kernel, in pieces; a line appears when it is whole. */
static void write_line(const char *from, size_t nbytes)
{
    for (size_t n; nbytes > 0; from += n, nbytes -= n) {
        n = nbytes < KERNEL_PIECE ? nbytes : KERNEL_PIECE;
        write_piece(from, n);
    }
}

static void write_rest(const char *from, size_t nbytes)
{
    for (size_t n; nbytes > 0; from += n, nbytes -= n) {
        uint64_t word[6] = {CONSOLE_WRITE};
        word[1] = n = nbytes < CONSOLE_WRITE_MAX ? nbytes : CONSOLE_WRITE_MAX;
        memcpy(&word[2], from, n);
        if (libsys_call(SLOT_CONSOLE, word) < 0)
            write_piece(from, n);
    }
}

long libsys_console_write(const void *from, size_t nbytes)
{
    char buffer[256];
    size_t done = 0;
    while (done < nbytes) {
        size_t n = nbytes - done < sizeof buffer ? nbytes - done : sizeof buffer;
        if (libsys_copy(buffer, (const char *)from + done, n) != 0) {
            errno = EFAULT;
            return done > 0 ? (long)done : -1;
        }
        size_t whole = n;
        while (whole > 0 && buffer[whole - 1] != '\n')
            whole--;
        write_line(buffer, whole);
        write_rest(buffer + whole, n - whole);
        done += n;
    }
    return (long)done;
}

/* A long line comes in several answers: what follows the first is there already. */
long libsys_console_read(void *to, size_t nbytes)
{
    size_t done = 0;
    while (done < nbytes) {
        size_t wanted = nbytes - done < CONSOLE_READ_MAX ? nbytes - done : CONSOLE_READ_MAX;
        size_t room = libsys_writable((char *)to + done, wanted);
        if (room == 0)
            return done > 0 ? (long)done : -1;
        uint64_t word[6] = {CONSOLE_READ, room, done > 0};
        long n = libsys_call(SLOT_CONSOLE, word);
        if (n == -EAGAIN)
            continue;
        if (n < 0 && done == 0)
            return libsys_answer(n == -ENOSYS ? 0 : n); /* no console: nothing is ever typed */
        if (n <= 0)
            break;
        if (libsys_copy((char *)to + done, &word[1], (size_t)n) != 0) {
            errno = EFAULT;
            return done > 0 ? (long)done : -1;
        }
        done += (size_t)n;
        if ((size_t)n < room || ((const char *)&word[1])[n - 1] == '\n')
            break;
    }
    return (long)done;
}

void holstein_foreground(pid_t pid)
{
    libsys_call(SLOT_CONSOLE, (uint64_t[6]){CONSOLE_FOREGROUND, (uint64_t)pid});
}
