/* The kernel's lock: test-and-set with back-off.
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

static inline void lock_acquire(struct lock *lock)
{
    uint32_t turns = 1;
    while (!lock_try(lock)) {
        for (uint32_t i = 0; i < turns && __atomic_load_n(&lock->held, __ATOMIC_RELAXED) != 0; i++)
            __asm__ volatile(".word 0x0100000f"); /* pause: a hint, a fence where unknown */
        turns = turns < 1024 ? turns * 2 : turns;
    }
}

static inline void lock_release(struct lock *lock)
{
    clear_release(&lock->held);
}
#endif
