/* Ready queues, and the choice of the next thread. */
#include "sched.h"
#include "sbi.h"
#include "tlb.h"

enum { CHAIN_MAX = 4 }; /* a program, a server, the pager; more only among other pagers' */

uint64_t sched_slice;

static struct queue ready[PRIORITIES];
uint32_t sched_ready_mask;

/* The highest priority with a ready thread, or -1. */
static int top_priority(void)
{
    while (sched_ready_mask != 0) {
        int priority = 0;
        for (int step = PRIORITIES / 2; step > 0; step /= 2)
            if (sched_ready_mask >> priority >> step != 0)
                priority += step;
        if (ready[priority].head != NULL)
            return priority;
        sched_ready_mask &= ~(1u << priority);
    }
    return -1;
}

void sched_ready(struct thread *thread)
{
    thread->state = THREAD_READY;
    thread->used = 0;
    queue_append(&ready[thread->priority], thread);
    sched_ready_mask |= 1u << thread->priority;
}

void sched_ready_first(struct thread *thread)
{
    if (thread->used >= sched_slice) {
        sched_ready(thread);
        return;
    }
    thread->state = THREAD_READY;
    queue_prepend(&ready[thread->priority], thread);
    sched_ready_mask |= 1u << thread->priority;
}

/* What it waited for did not happen: started again, it sees an error and not its own words. */
static void forget_wait(struct thread *thread)
{
    if (thread->state == THREAD_RECEIVING)
        thread_heard(thread, (uint64_t)ERR_AGAIN, NO_BADGE);
    else if (!thread_in_fault(thread) && thread->state >= THREAD_CALL_QUEUED)
        thread->x[REG_BADGE] = (uint64_t)ERR_AGAIN;
}

err_t sched_stop(struct thread *thread)
{
    if (thread->state == THREAD_RUNNING && thread->hart != this_hart()) {
        thread->stop_wanted = true;
        sbi_send_ipi(thread->hart->id);
        return ERR_AGAIN;
    }
    if (thread_is_queued(thread))
        queue_remove(thread);
    forget_wait(thread);
    thread_new_token(thread);
    thread->stop_wanted = false;
    thread->state = THREAD_STOPPED;
    return 0;
}

void sched_set_priority(struct thread *thread, uint32_t priority)
{
    thread->priority = priority;
    if (thread->state == THREAD_READY) {
        queue_remove(thread);
        sched_ready(thread);
    }
}

struct thread *sched_client(struct thread *thread)
{
    for (unsigned i = 0; i < CHAIN_MAX; i++) {
        struct thread *client = thread->served;
        if (client == thread || !thread_is_served(client) || client->server != thread->space)
            break;
        thread = client;
    }
    return thread;
}

/* Places of threads and spaces stay such places: one that has just ended does no harm. */
struct thread *sched_charge(struct thread *thread)
{
    struct hart *me = this_hart();
    uint64_t now = time_now(), ran = now - me->since;
    thread = sched_client(thread);
    me->since = now;
    thread->used += ran;
    thread->space->time += ran;
    return thread;
}

/* Who began after the last tick has most of his slice before him. */
bool sched_tick(struct thread *thread)
{
    struct thread *charged = sched_charge(thread);
    if (charged->used < sched_slice / 2)
        return false;
    charged->used = sched_slice;
    if (charged->state == THREAD_CALL_SERVED)
        charged->state = THREAD_CALL_LATE;
    else if (charged->state == THREAD_FAULT_SERVED)
        charged->state = THREAD_FAULT_LATE;
    return charged == thread;
}

bool sched_should_yield(const struct thread *thread, bool time_is_up)
{
    int top = top_priority();
    return top > (int)thread->priority || (time_is_up && top == (int)thread->priority);
}

struct thread *sched_pick(void)
{
    int top = top_priority();
    if (top < 0)
        return NULL;
    struct thread *thread = ready[top].head;
    queue_remove(thread);
    if (ready[top].head == NULL)
        sched_ready_mask &= ~(1u << top);
    thread->state = THREAD_RUNNING;
    thread->hart = this_hart();
    thread->hart->current = thread;
    thread->hart->idle = false;
    tlb_activate(thread->space);
    return thread;
}

void sched_idle(void)
{
    struct hart *me = this_hart();
    me->current = NULL;
    me->idle = true;
    tlb_activate(NULL);
}

/* A hart that idles, or the one that runs what is least urgent of all that is less so than what is
 * ready; or NULL. */
static struct hart *find_to_kick(void)
{
    struct hart *victim = NULL;
    int top = top_priority();
    for (uint32_t i = 0; top >= 0 && i < nharts; i++) {
        struct hart *hart = harts[i];
        if (hart->idle) {
            hart->idle = false; /* the next look finds another one */
            return hart;
        }
        if (hart != this_hart() && hart->current != NULL && (int)hart->current->priority < top &&
            (victim == NULL || hart->current->priority < victim->current->priority))
            victim = hart;
    }
    return victim;
}

void sched_leave_and_tell(void)
{
    const struct hart *hart = find_to_kick();
    lock_release(&kernel_lock);
    if (hart != NULL)
        sbi_send_ipi(hart->id);
}
