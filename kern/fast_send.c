/* The first half of a fault's life, and of a call's: from the sender straight to a receiver that
 * waits. No run queue, no stack (fast_path.h). */
#include "fast_path.h"

/* The receiver that came last, if it may take this hart over from `self` at once. */
INLINE struct thread *receiver_for(const struct thread *self, const struct endpoint *endpoint)
{
    struct thread *receiver = endpoint->receivers.head;
    return receiver != NULL && receiver->priority >= self->priority ? receiver : NULL;
}

/* The message in a0-a5 goes to the receiver, with the badge in a6 and a token in a7. */
INLINE void deliver(struct thread *self, struct endpoint *endpoint, struct thread *receiver,
                    uint64_t badge, enum thread_state state)
{
    struct thread *second = receiver->next;
    struct space *space = receiver->space;
    endpoint->receivers.head = second; /* its prev is not looked at, nor is an empty queue's tail */
    self->state = state;
    self->server = space;
    receiver->served = self;
    register uint64_t a7 __asm__("a7") = thread_new_token(self);
    __asm__ volatile("" : "+r"(a7));
    change_over(self->hart, receiver, space);
    a6_register = badge;
    __asm__ volatile("" ::"r"(a6_register), "r"(a7));
}

_Noreturn void fast_call(void)
{
    struct thread *self = tp_register;
    if (!lock_soon(&kernel_lock))
        LEAVE(fast_miss_call);
    const struct cap *cap = capability(self->space, a6_register, TYPE_ENDPOINT, CAP_CALL);
    if (cap == NULL)
        goto miss;
    struct endpoint *endpoint = (struct endpoint *)cap->object;
    struct thread *receiver = receiver_for(self, endpoint);
    if (receiver == NULL)
        goto miss;
    deliver(self, endpoint, receiver, cap->badge, THREAD_CALL_SERVED);
    LEAVE(fast_exit_called);
miss:
    lock_release(&kernel_lock);
    LEAVE(fast_miss_call);
}

_Noreturn void fast_fault(void)
{
    struct thread *self = tp_register;
    if (!lock_soon(&kernel_lock))
        LEAVE(fast_miss_fault);
    const struct cap *fault = &self->space->fault;
    struct endpoint *endpoint = (struct endpoint *)fault->object;
    struct thread *receiver = NULL;
    if (endpoint->object.key == fault->key)
        receiver = receiver_for(self, endpoint);
    if (receiver == NULL) {
        lock_release(&kernel_lock);
        LEAVE(fast_miss_fault);
    }
    deliver(self, endpoint, receiver, fault->badge, THREAD_FAULT_SERVED);
    LEAVE(fast_exit_faulted);
}
