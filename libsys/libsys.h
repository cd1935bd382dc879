/* Shared by libsys's own files and the servers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "servers.h"

/* 0, or -1 if one of the two can't be accessed: copy.S. */
int libsys_copy(void *to, const void *from, size_t nbytes);

/* 0, or -1 if one of the two bytes can't be stored to: copy.S. */
int libsys_probe(void *first, void *last);

/* How many of nbytes, a page at most and one at least, can be stored from there on; 0: errno is
 * EFAULT. A call that takes something away looks here before it does: what nobody can store must
 * stay where it is. */
size_t libsys_stores(void *at, size_t nbytes); /* where it is known that it is not all */
static inline size_t libsys_writable(void *at, size_t nbytes)
{
    return libsys_probe(at, (char *)at + nbytes - 1) == 0 ? nbytes : libsys_stores(at, nbytes);
}

/* Sets errno from an error of pager or kernel, or -errno of a server, and returns -1; a result that
 * is none, as it is. */
long libsys_result(long result);
long libsys_answer(long result);

/* A request to the pager: the words are replaced by the answer's; returns the first. */
long libsys_request(uint64_t word[6]);

/* A call of a server, which is connected to if need be: the first word, or -errno (ENOSYS: there is
 * no such server). */
long libsys_call(unsigned slot, uint64_t word[6]);

/* Time in units of the time base, and that base. */
uint64_t libsys_now(void);
uint64_t libsys_timebase(void);

/* Has this process descriptors of its own? One that never used any has the console as 0, 1, 2. */
extern bool libsys_connected;

/* What the pager had put into a1 at the start (START_VERSION, START_CONNECTED). */
extern uint64_t libsys_first_a1;

/* The page shared with the files server; connects. NULL: errno says why. */
char *libsys_page(void);
void libsys_forget_page(void); /* after fork: it was not inherited */

/* The console, for descriptors that lead there: number of bytes, or -1 and errno. */
long libsys_console_read(void *to, size_t nbytes);
long libsys_console_write(const void *from, size_t nbytes);

/* A name for the console's device; -1 and errno. */
int libsys_mknod(const char *name);

/* Another thread: holstein_thread, whose function is told its thread's number, too. */
long libsys_thread(void (*function)(void *, uint64_t), void *argument, void *stack, size_t nbytes);

/* What a fork means for threads; not there (NULL) in a program that has one alone. */
enum libsys_fork { FORK_BEFORE, FORK_PARENT, FORK_CHILD };
void libsys_fork_threads(enum libsys_fork) __attribute__((weak));

/* stderr collects a line so that lines don't mix, but is not to be buffered: what it has of one is
 * written before a fork, an exec and an end. Not while another thread uses it, who may wait for
 * ever. Not there (NULL) in a program that has no streams. */
void libsys_write_errors(void) __attribute__((weak));
