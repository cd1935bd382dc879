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

#define LEAF_SPAN ((uint64_t)LEAF_PAGES * PAGE_SIZE)

#define LEAVE(label)                                                 \
    do {                                                             \
        __asm__ volatile("j " #label ::"r"(tp_register) : "memory"); \
        __builtin_unreachable();                                     \
    } while (0)

/* A slot among those that need no look-up, of that type, with that right, alive and not dying. */
INLINE void *capability(const struct space *space, uint64_t slot, unsigned type, unsigned right)
{
    if (slot >= SLOTS_INLINE)
        return NULL;
    const struct cap *cap = &space->caps[slot];
    if ((cap->type_rights & cap_type_rights(0xff, right)) != cap_type_rights(type, right) ||
        cap->key != cap->object->key)
        return NULL;
    return cap->object;
}

/* The receiver that came last, if it may take this hart over from `self` at once. */
INLINE struct thread *receiver_for(const struct thread *self, const struct endpoint *endpoint)
{
    struct thread *receiver = endpoint->receivers.head;
    if (receiver == NULL || receiver->priority < self->priority)
        return NULL;
    return receiver;
}

/* This hart goes over to the thread and its tables; the lock is left. */
INLINE void change_over(struct thread *self, struct thread *next)
{
    struct hart *hart = self->hart;
    struct space *to = next->space;
    next->state = THREAD_RUNNING;
    next->hart = hart;
    hart->current = next;
    if (hart->space != to) {
        hart->space = to;
        csr_write(satp, to->satp);
        if (to->stale != 0 && (to->stale & hart->bit) != 0) {
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
                    uint64_t badge, enum thread_state state)
{
    struct thread *second = receiver->next;
    endpoint->receivers.head = second; /* its prev is not looked at, nor is an empty queue's tail */
    self->state = state;
    self->server = receiver->space;
    receiver->served = self;
    register uint64_t a7 __asm__("a7") = thread_new_token(self);
    __asm__ volatile("" : "+r"(a7));
    change_over(self, receiver);
    a6_register = badge;
    __asm__ volatile("" ::"r"(a6_register), "r"(a7));
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
    deliver(self, endpoint, receiver, self->space->caps[slot].badge, THREAD_CALL_SERVED);
    LEAVE(fast_exit_called);
}

_Noreturn void fast_fault(void)
{
    struct thread *self = tp_register;
    if (!lock_try(&kernel_lock))
        LEAVE(fast_miss_fault);
    const struct space *space = self->space;
    struct endpoint *endpoint = space->fault_endpoint;
    struct thread *receiver = NULL;
    if (endpoint->object.generation == space->fault_generation)
        receiver = receiver_for(self, endpoint);
    if (receiver == NULL) {
        lock_release(&kernel_lock);
        LEAVE(fast_miss_fault);
    }
    deliver(self, endpoint, receiver, space->fault_badge, THREAD_FAULT_SERVED);
    LEAVE(fast_exit_faulted);
}

INLINE bool is_table(uint64_t entry)
{
    return (entry & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
}

INLINE uint64_t *entry_in(uint64_t table, uint64_t va, unsigned shift)
{
    return (uint64_t *)pool_pointer(table >> PTE_FRAME_SHIFT) + (va >> shift & (LEAF_PAGES - 1));
}

/* The entry for va: by the leaf table that was used last, or by a walk. NULL: a table is missing.
 */
INLINE uint64_t *entry_for(struct space *space, uint64_t va)
{
    uint64_t span = va / LEAF_SPAN;
    if (space->leaf_span != span) {
        uint64_t middle = space->root[va >> 30];
        if (!is_table(middle))
            return NULL;
        uint64_t leaf = *entry_in(middle, va, 21);
        if (!is_table(leaf))
            return NULL;
        space->leaf = pool_pointer(leaf >> PTE_FRAME_SHIFT);
        space->leaf_span = span;
    }
    return &space->leaf[va >> PAGE_SHIFT & (LEAF_PAGES - 1)];
}

/* Installs the map item (t0: address | rights, t1: frame, t2: memory) for a thread in a fault. Only
 * entries with R or RW: code needs more fences. An entry that is there may get W and D; any other
 * change takes something away, and is a miss if a hart may run the space: it must be broken first.
 */
INLINE bool install(const struct thread *self, const struct thread *caller)
{
    uint64_t item = t0_register, va = item & ~(uint64_t)RIGHTS_MASK;
    const struct memory *memory = capability(self->space, t2_register, TYPE_MEMORY, MEMORY_PLAIN);
    if (memory == NULL || t1_register - memory->first >= memory->npages ||
        (item & (PAGE_SIZE - 1) & ~(uint64_t)RIGHT_W) != RIGHT_R || item >= MEMORY_WINDOW)
        return false;
    struct space *space = caller->space;
    uint64_t *entry = entry_for(space, va);
    if (entry == NULL)
        return false;
    uint64_t write = item & RIGHT_W;
    uint64_t old = *entry, new = t1_register << PTE_FRAME_SHIFT | PTE_V | PTE_R | PTE_U | PTE_A |
                                 write << 1 | write << 6;
    if (old != 0 && ((old ^ new) & ~(PTE_W | PTE_D)) != 0) {
        if (space->threads->space_next != NULL)
            return false;
        space->stale = hart_bits;
    }
    *entry = new;
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
    struct thread *caller = self->served;
    struct endpoint *endpoint = empty_endpoint(self);
    bool in_fault = caller->state == THREAD_FAULT_SERVED;
    if (endpoint == NULL || caller->object.serial != a6_register ||
        (!in_fault && caller->state != THREAD_CALL_SERVED) || caller->server != self->space ||
        sched_more_urgent(caller->priority) ||
        (t0_register != 0 && (!in_fault || !install(self, caller)))) {
        lock_release(&kernel_lock);
        LEAVE(fast_miss_receive);
    }
    struct thread *head = endpoint->receivers.head;
    self->state = THREAD_RECEIVING;
    self->queue = &endpoint->receivers;
    self->next = head;
    endpoint->receivers.head = self;
    if (head == NULL)
        endpoint->receivers.tail = self;
    else
        head->prev = self;
    if (in_fault) {
        if (a0_register != 0)
            caller->x[0] = a0_register;
        change_over(self, caller);
        LEAVE(fast_exit_resumed);
    }
    change_over(self, caller);
    LEAVE(fast_exit_answered);
}
