/* The second half: the answer, with an entry for a fault, goes to the thread that waits for it, and
 * the receiver waits again. No run queue, no stack (fast_path.h). */
#include "fast_path.h"

/* Remembers the leaf table for va. False: a table is missing, or the address is no program's. */
INLINE bool walk(const struct space *space, struct recent_leaf *recent, uint64_t va)
{
    uint64_t *leaf = va >= MEMORY_WINDOW ? NULL : table_leaf(space->root, va);
    recent->leaf = leaf;
    recent->span = leaf == NULL ? NO_SPAN : va / LEAF_SPAN;
    return leaf != NULL;
}

/* Installs the map item (t0: address | rights, t1: frame, t2: memory) in the space of a thread in a
 * fault. Only entries with R or RW: code needs more fences. An entry that is there may get W and D;
 * any other change takes something away, and is a miss if a hart may run the space: it must be
 * broken first.
 */
INLINE bool install(const struct thread *self, struct space *space)
{
    uint64_t item = t0_register, va = item_address(item), write = item & RIGHT_W;
    const struct cap *cap = capability(self->space, t2_register, TYPE_MEMORY, MEMORY_PLAIN);
    if (cap == NULL)
        return false;
    const struct memory *memory = (const struct memory *)cap->object;
    if (t1_register - memory->first >= memory->npages ||
        (item & (PAGE_SIZE - 1) & ~(uint64_t)RIGHT_W) != RIGHT_R)
        return false;
    struct recent_leaf *recent = &space->recent[va / LEAF_SPAN % RECENT_LEAVES];
    if (recent->span != va / LEAF_SPAN && !walk(space, recent, va))
        return false;
    uint64_t *entry = &recent->leaf[va >> PAGE_SHIFT & (LEAF_PAGES - 1)];
    uint64_t writable = write << 1 | write << 6; /* W and D */
    uint64_t new = t1_register << PTE_FRAME_SHIFT | PTE_V | PTE_R | PTE_U | PTE_A | writable;
    uint64_t old = *entry;
    if (old != 0 && ((old ^ new) & ~writable) != 0) {
        if (space->threads->space_next != NULL)
            return false;
        space->stale |= hart_bits & ~self->hart->bit;
    }
    *entry = new;
    return true;
}

/* May this receiver wait at the endpoint, with nothing there for it to take? */
INLINE struct endpoint *empty_endpoint(const struct thread *self)
{
    const struct cap *cap = capability(self->space, t3_register, TYPE_ENDPOINT, CAP_RECEIVE);
    if (cap == NULL)
        return NULL;
    struct endpoint *endpoint = (struct endpoint *)cap->object;
    return endpoint->callers.head == NULL && endpoint->bits == 0 ? endpoint : NULL;
}

/* Is the token that of a message which this server took last, and may its thread go on at once? */
INLINE bool answerable(const struct thread *self, const struct thread *caller,
                       enum thread_state state)
{
    return caller->object.serial == a6_register && caller->state == state &&
           caller->server == self->space && !sched_more_urgent(caller->priority);
}

/* Receivers are a stack: the queue's tail is not kept. */
INLINE void wait_at(struct thread *self, struct endpoint *endpoint)
{
    struct thread *head = endpoint->receivers.head;
    self->state = THREAD_RECEIVING;
    self->queue = &endpoint->receivers;
    self->next = head;
    endpoint->receivers.head = self;
    if (head != NULL)
        head->prev = self;
}

_Noreturn void fast_reply_receive(void)
{
    struct thread *self = tp_register;
    if (!lock_soon(&kernel_lock))
        LEAVE(fast_miss_receive);
    struct thread *caller = self->served;
    struct space *space = caller->space;
    struct endpoint *endpoint = empty_endpoint(self);
    if (endpoint == NULL)
        goto miss;
    if (t0_register != 0) {
        if (!answerable(self, caller, THREAD_FAULT_SERVED) || a0_register != 0 ||
            !install(self, space))
            goto miss;
        wait_at(self, endpoint);
        change_over(self->hart, caller, space);
        fence_page(t0_register, space->asid);
        LEAVE(fast_exit_resumed);
    }
    if (!answerable(self, caller, THREAD_CALL_SERVED))
        goto miss;
    wait_at(self, endpoint);
    change_over(self->hart, caller, space);
    LEAVE(fast_exit_answered);
miss:
    lock_release(&kernel_lock);
    LEAVE(fast_miss_receive);
}
