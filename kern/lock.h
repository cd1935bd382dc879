/* The kernel's lock: test-and-set.
 *
 * Not a ticket lock: harts may be threads of an overloaded host, and a queue would wait for the one
 * that is not running. Interrupts are off in the kernel, so a holder is never interrupted. */
#pragma once
#include <stdbool.h>

#include "riscv.h"

enum { LOCK_TRIES = 300 };

struct lock {
    uint64_t held; /* a whole register: no sign to extend */
};

static inline bool lock_try(struct lock *lock)
{
    return test_and_set(&lock->held) == 0;
}

void lock_wait(struct lock *lock); /* in remote.c: until it is ours */

/* A holder is through sooner than a path without the lock would be, unless its hart is not running.
 * Whoever looks here answers no other hart meanwhile (remote.h): so not for long. */
static inline __attribute__((always_inline)) bool lock_soon(struct lock *lock)
{
    if (__builtin_expect(lock_try(lock), true))
        return true;
    for (unsigned n = 0; n < LOCK_TRIES; n++)
        if (lock_try(lock))
            return true;
    return false;
}

static inline void lock_acquire(struct lock *lock)
{
    if (!lock_try(lock))
        lock_wait(lock);
}

static inline void lock_release(struct lock *lock)
{
    clear_release(&lock->held);
}
