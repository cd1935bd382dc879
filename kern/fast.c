/* The life of a fault in the kernel, and of a call, when a receiver waits: no run queue, no stack.
 *
 * Compiled with the message's registers (a0-a5), a6 and the map item's (t0-t3) reserved and the
 * s-registers as scratch, so that the message stays where it is and nothing is spilled: the build
 * checks that no function here uses a stack. Every check of the slow path is here too; whatever is
 * unusual (a full queue, another priority, a missing table, a lock that is held) is a miss. */
#include "fast.h"
#include "ipc.h"
#include "memory.h"
#include "riscv.h"
#include "sched.h"
#include "table.h"

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

/* A slot among those that need no look-up, of that type, with those rights, alive. */
INLINE void *capability(const struct space *space, uint64_t slot, unsigned type, unsigned rights)
{
    if (slot >= SLOTS_INLINE)
        return NULL;
    const struct cap *cap = &space->caps[slot];
    if (cap->type != type || (cap->rights & rights) != rights ||
        cap->object->generation != cap->generation)
        return NULL;
    return cap->object;
}

/* The first receiver, if it may take this hart over from `self` at once. */
INLINE struct thread *receiver_for(const struct thread *self, const struct endpoint *endpoint)
{
    struct thread *receiver = endpoint->receivers.head;
    if (receiver == NULL || receiver->priority < self->priority || self->stop_wanted)
        return NULL;
    return receiver;
}

/* This hart goes over to the thread and its tables; the lock is left. */
INLINE void change_over(struct thread *self, struct thread *next)
{
    struct hart *hart = self->hart;
    struct space *from = self->space, *to = next->space;
    next->state = THREAD_RUNNING;
    next->hart = hart;
    hart->current = next;
    if (from != to) {
        from->active &= ~hart->bit;
        to->active |= hart->bit;
        hart->space = to;
        csr_write(satp, to->satp);
        if ((to->stale & hart->bit) != 0) {
            uint64_t asid = to->satp >> SATP_ASID_SHIFT & 0xffff;
            fence_asid(asid);
            fence_code();
            if (asid != 0)
                to->stale &= ~hart->bit;
        }
    }
    lock_release(&kernel_lock);
    tp_register = next;
}

/* The message in a0-a5 goes to the receiver, with the badge in a6 and a token in a7. */
INLINE void deliver(struct thread *self, struct endpoint *endpoint, struct thread *receiver,
                    uint64_t badge)
{
    struct thread *second = receiver->next;
    endpoint->receivers.head = second;
    if (second == NULL)
        endpoint->receivers.tail = NULL;
    else
        second->prev = NULL;
    receiver->queue = NULL;
    self->state = THREAD_ANSWERED;
    self->server = receiver->space;
    receiver->space->serves = true;
    uint64_t token = thread_new_token(self);
    change_over(self, receiver);
    a6_register = badge;
    register uint64_t a7 __asm__("a7") = token;
    __asm__ volatile("j fast_exit_receiver" ::"r"(tp_register), "r"(a6_register), "r"(a7)
                     : "memory");
    __builtin_unreachable();
}

_Noreturn void fast_call(void)
{
    struct thread *self = tp_register;
    if (!lock_try(&kernel_lock))
        LEAVE(fast_miss_call);
    uint64_t slot = a6_register;
    struct endpoint *endpoint = capability(self->space, slot, TYPE_ENDPOINT, CAP_CALL);
    struct thread *receiver = endpoint == NULL ? NULL : receiver_for(self, endpoint);
    if (receiver == NULL) {
        lock_release(&kernel_lock);
        LEAVE(fast_miss_call);
    }
    deliver(self, endpoint, receiver, self->space->caps[slot].badge);
    __builtin_unreachable();
}

_Noreturn void fast_fault(void)
{
    struct thread *self = tp_register;
    if (!lock_try(&kernel_lock))
        LEAVE(fast_miss_fault);
    const struct space *space = self->space;
    struct endpoint *endpoint = space->fault_endpoint;
    struct thread *receiver = NULL;
    if (endpoint != NULL && endpoint->object.generation == space->fault_generation)
        receiver = receiver_for(self, endpoint);
    if (receiver == NULL) {
        lock_release(&kernel_lock);
        LEAVE(fast_miss_fault);
    }
    self->in_fault = true;
    deliver(self, endpoint, receiver, space->fault_badge);
    __builtin_unreachable();
}

INLINE bool is_table(uint64_t entry)
{
    return (entry & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
}

INLINE uint64_t *entry_in(uint64_t table, uint64_t va, unsigned shift)
{
    return (uint64_t *)pool_pointer(table_frame(table)) + (va >> shift & (LEAF_PAGES - 1));
}

/* R or RW; code needs more fences than an entry, and is a miss. */
INLINE bool rights_are_plain(unsigned rights)
{
    return rights == RIGHT_R || rights == (RIGHT_R | RIGHT_W);
}

/* Installs the map item (t0: address | rights, t1: frame, t2: memory) in the space of a fault. What
 * takes something from an entry while a hart runs the space is a miss: it must be broken first. */
INLINE bool install(const struct thread *self, struct space *space)
{
    uint64_t item = t0_register, va = item & ~(uint64_t)RIGHTS_MASK;
    unsigned rights = item & RIGHTS_MASK;
    const struct memory *memory = capability(self->space, t2_register, TYPE_MEMORY, 0);
    if (memory == NULL || memory->device || memory->object.dying ||
        !memory_covers(memory, t1_register, 1) || va % PAGE_SIZE != 0 || va >= MEMORY_WINDOW ||
        !rights_are_plain(rights))
        return false;
    uint64_t middle = space->root[va >> 30];
    if (!is_table(middle))
        return false;
    uint64_t leaf = *entry_in(middle, va, 21);
    if (!is_table(leaf))
        return false;
    uint64_t *entry = entry_in(leaf, va, PAGE_SHIFT);
    uint64_t dirty = (rights & RIGHT_W) != 0 ? PTE_D : 0;
    uint64_t new_entry =
        t1_register << PTE_FRAME_SHIFT | PTE_V | PTE_U | PTE_A | dirty | (uint64_t)rights << 1;
    if (table_takes_away(*entry, new_entry)) {
        if (space->active != 0)
            return false;
        space->stale = ~0ul;
    }
    *entry = new_entry;
    fence_page(va, space->satp >> SATP_ASID_SHIFT & 0xffff);
    return true;
}

/* May this receiver wait at the endpoint, with nothing there for it to take? */
INLINE struct endpoint *empty_endpoint(const struct thread *self)
{
    struct endpoint *endpoint = capability(self->space, t3_register, TYPE_ENDPOINT, CAP_RECEIVE);
    if (endpoint == NULL || endpoint->callers.head != NULL ||
        (endpoint->notification != NULL && endpoint->notification->bits != 0))
        return NULL;
    return endpoint;
}

_Noreturn void fast_reply_receive(void)
{
    struct thread *self = tp_register;
    if (!lock_try(&kernel_lock))
        LEAVE(fast_miss_receive);
    uint64_t token = a6_register;
    struct thread *caller = thread_of_token(token);
    struct endpoint *endpoint = empty_endpoint(self);
    if (caller == NULL || endpoint == NULL || caller->object.serial != token ||
        caller->state != THREAD_ANSWERED || caller->server != self->space || self->stop_wanted ||
        sched_more_urgent(caller->priority) ||
        (t0_register != 0 && (!caller->in_fault || !install(self, caller->space)))) {
        lock_release(&kernel_lock);
        LEAVE(fast_miss_receive);
    }
    self->state = THREAD_RECEIVING;
    struct thread *last = endpoint->receivers.tail;
    self->queue = &endpoint->receivers;
    self->next = NULL;
    self->prev = last;
    if (last == NULL)
        endpoint->receivers.head = self;
    else
        last->next = self;
    endpoint->receivers.tail = self;
    bool in_fault = caller->in_fault;
    caller->in_fault = false;
    if (in_fault && a0_register != 0)
        caller->x[0] = a0_register;
    change_over(self, caller);
    if (in_fault)
        LEAVE(fast_exit_resumed);
    LEAVE(fast_exit_answered);
}
