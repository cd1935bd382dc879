/* The fast path: fault, call, and answer-and-receive, straight from one thread to the other.
 *
 * Each function is entered by a jump from trap.S with tp = the running thread (struct thread), no
 * stack, and the message in a0-a5. It either changes over and leaves to user mode by an exit of
 * leave.S, or changes nothing and leaves to its miss there, where the slow path starts. Every check
 * of the slow path is made here too; whatever is unusual (a lock that is held, a full queue,
 * another priority, a missing table) is a miss.
 *
 * Its two files are compiled with the message's registers (a0-a5), a6 and the map item's (t0-t3)
 * reserved and the s-registers as scratch, so that the message stays where it is and nothing is
 * spilled: no function there uses a stack (test/structure.py stack). */
#pragma once
#include "ipc.h"
#include "memory.h"
#include "sched.h"
#include "table.h"
#include "tlb.h"

_Noreturn void fast_call(void);
_Noreturn void fast_fault(void);
_Noreturn void fast_reply_receive(void);

#define INLINE               static inline __attribute__((always_inline))
#define REGISTER(name, type) register type name##_register __asm__(#name)

REGISTER(tp, struct thread *);
REGISTER(a0, uint64_t);
REGISTER(a6, uint64_t);
REGISTER(t0, uint64_t);
REGISTER(t1, uint64_t);
REGISTER(t2, uint64_t);
REGISTER(t3, uint64_t);

#define LEAVE(label)                                                 \
    do {                                                             \
        __asm__ volatile("j " #label ::"r"(tp_register) : "memory"); \
        __builtin_unreachable();                                     \
    } while (0)

/* A slot among those that need no look-up, of that type, with that right, alive and not dying. */
INLINE const struct cap *capability(const struct space *space, uint64_t slot, unsigned type,
                                    unsigned right)
{
    if (slot >= SLOTS_INLINE)
        return NULL;
    const struct space *at = (const struct space *)((uintptr_t)space + slot * sizeof(struct cap));
    __asm__("" : "+r"(at)); /* one address, not one for each field */
    const struct cap *cap = &at->caps[0];
    if ((cap->type_rights & cap_type_rights(0xff, right)) != cap_type_rights(type, right) ||
        cap->key != cap->object->key)
        return NULL;
    return cap;
}

/* This hart goes over to the thread and its space's tables (tlb.c says in which order); the lock is
 * left. */
INLINE void change_over(struct hart *hart, struct thread *next, struct space *to)
{
    next->state = THREAD_RUNNING;
    next->hart = hart;
    hart->current = next;
    hart->next = to;
    if (to->stale != 0 && (to->stale & hart->bit) != 0) {
        csr_write(satp, to->satp);
        tlb_catch_up(to, hart->bit);
    }
    lock_release(&kernel_lock);
    csr_write(satp, to->satp);
    hart->space = to;
    tp_register = next;
}
