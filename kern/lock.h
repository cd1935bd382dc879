/* The kernel's lock: test-and-set.
 *
 * Not a ticket lock: harts may be threads of an overloaded host, and a queue would wait for the one
 * that is not running. Interrupts are off in the kernel, so a holder is never interrupted. */
#ifndef KERN_LOCK_H
#define KERN_LOCK_H
#include <stdbool.h>
#include <stdint.h>

#include "riscv.h"

struct lock {
    uint64_t held; /* a whole register: no sign to extend */
};

static inline bool lock_try(struct lock *lock)
{
    return __atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) == 0;
}

void lock_wait(struct lock *lock); /* in remote.c: until it is ours */

static inline void lock_acquire(struct lock *lock)
{
    if (!lock_try(lock))
        lock_wait(lock);
}

static inline void lock_release(struct lock *lock)
{
    clear_release(&lock->held);
}
#endif
