/* Call, receive, answer, notify. */
#include "ipc.h"
#include "sched.h"

/* So many waits end, and so many threads are looked at, while the lock is held. */
enum { FAILED_A_PIECE = 32, LOOKS_A_PIECE = 256 };

/* Moves the message of `caller`, which is in no queue, into the registers of `receiver`. */
static void deliver(struct thread *caller, struct thread *receiver)
{
    uint64_t *word = &receiver->x[REG_A0];
    bool in_fault = caller->state == THREAD_FAULT_QUEUED;
    if (in_fault) {
        word[0] = caller->fault_value;
        word[1] = caller->fault_cause;
        word[2] = caller->x[0];
        word[3] = word[4] = word[5] = 0;
    } else {
        for (int i = 0; i < 6; i++)
            word[i] = caller->x[REG_A0 + i];
    }
    caller->state = in_fault ? THREAD_FAULT_SERVED : THREAD_CALL_SERVED;
    caller->server = receiver->space;
    receiver->served = caller;
    receiver->x[REG_BADGE] = caller->badge;
    receiver->x[REG_TOKEN] = thread_new_token(caller);
}

void ipc_send(struct thread *thread, struct endpoint *endpoint, uint64_t badge,
              enum thread_state state)
{
    struct thread *receiver = endpoint->receivers.head;
    thread->badge = badge;
    thread->state = state;
    if (receiver == NULL) {
        queue_append(&endpoint->callers, thread);
        return;
    }
    queue_remove(receiver);
    deliver(thread, receiver);
    /* The sender's hart is free for the receiver. */
    sched_ready_first(receiver);
}

void ipc_send_fault(struct thread *thread, uint64_t cause, uint64_t value)
{
    const struct cap *fault = &thread->space->fault;
    if (!cap_is_alive(fault)) {
        sched_stop(thread);
        return;
    }
    thread->fault_cause = cause;
    thread->fault_value = value;
    ipc_send(thread, (struct endpoint *)fault->object, fault->badge, THREAD_FAULT_QUEUED);
}

struct thread *ipc_answerable(struct space *server, uint64_t token)
{
    struct thread *thread = thread_of_token(token);
    bool waits = thread != NULL && thread_is_served(thread) && thread->server == server &&
                 thread->object.serial == token;
    return waits ? thread : NULL;
}

void ipc_answer(struct thread *thread, const uint64_t word[6])
{
    if (thread_in_fault(thread)) {
        if (word[0] != 0)
            thread->x[0] = word[0];
    } else {
        for (int i = 0; i < 6; i++)
            thread->x[REG_A0 + i] = word[i];
        thread->x[REG_BADGE] = 0;
    }
    sched_ready_first(thread);
}

void ipc_recall(struct thread *thread, const uint64_t word[6])
{
    ipc_answer(thread, word);
    thread->x[0] -= 4; /* a system call has no short form */
    thread->x[REG_A0 + 7] = SYS_CALL;
}

static bool take_bits(struct thread *thread, struct endpoint *endpoint)
{
    if (endpoint->bits == 0)
        return false;
    thread_heard(thread, endpoint->bits, 0);
    endpoint->bits = 0;
    return true;
}

void ipc_receive(struct thread *thread, struct endpoint *endpoint)
{
    struct thread *caller = endpoint->callers.head;
    thread->space->serves = true;
    if (take_bits(thread, endpoint))
        return;
    if (caller != NULL) {
        queue_remove(caller);
        deliver(caller, thread);
        return;
    }
    /* Last in, first out: the loop that served last has its memory in the cache. */
    thread->state = THREAD_RECEIVING;
    queue_prepend(&endpoint->receivers, thread);
}

void ipc_notify(struct endpoint *endpoint, uint64_t bits)
{
    struct thread *thread = endpoint->receivers.head;
    endpoint->bits |= bits;
    if (thread == NULL || !take_bits(thread, endpoint))
        return;
    queue_remove(thread);
    sched_ready(thread);
}

/* Ends a call with an error. A fault's thread stops: whoever answers for its memory is gone, it
 * can't go on, and its maker destroys it. */
static void fail(struct thread *thread)
{
    if (thread_in_fault(thread)) {
        sched_stop(thread);
        return;
    }
    if (thread_is_queued(thread))
        queue_remove(thread);
    thread->x[REG_BADGE] = (uint64_t)ERR_DEAD;
    sched_ready(thread);
}

bool ipc_close_piece(struct endpoint *endpoint)
{
    struct thread *thread;
    for (unsigned n = 0; (thread = endpoint->callers.head) != NULL; n++) {
        if (n == FAILED_A_PIECE)
            return true;
        fail(thread);
    }
    for (unsigned n = 0; (thread = endpoint->receivers.head) != NULL; n++) {
        if (n == FAILED_A_PIECE)
            return true;
        queue_remove(thread);
        thread_heard(thread, (uint64_t)ERR_DEAD, NO_BADGE);
        sched_ready(thread);
    }
    return false;
}

bool ipc_server_died_piece(struct space *server)
{
    const uint64_t limit = pool_object_limit(TYPE_THREAD);
    for (unsigned n = 0; server->looked_at < limit; server->looked_at++) {
        if (n++ == LOOKS_A_PIECE)
            return true;
        struct thread *thread = pool_object_at(TYPE_THREAD, server->looked_at);
        if (thread != NULL && thread_is_served(thread) && thread->server == server) {
            fail(thread);
            n += LOOKS_A_PIECE / FAILED_A_PIECE;
        }
    }
    return false;
}
