/* Who runs next: a queue for each priority, round robin inside one, for all harts together. */
#pragma once
#include "thread.h"

extern uint64_t sched_slice; /* the time between ticks; set once, before the harts start */

/* The thread may run: at the end of its priority's queue, with a new slice; or at the head when it
 * keeps its turn, unless its slice is over. */
void sched_ready(struct thread *thread);
void sched_ready_first(struct thread *thread);

/* The thread is stopped and can't be answered, or ERR_AGAIN: another hart has been told to leave
 * user mode with it. */
err_t sched_stop(struct thread *thread);
void sched_set_priority(struct thread *thread, uint32_t priority);

/* Whose work the thread does: its own, or that of the one whose call or fault it serves, and so on.
 */
struct thread *sched_client(struct thread *thread);

/* Time is charged to whom the work is done for, and slices are shared by it: what this hart spent
 * with the running thread since the last time. Whom it was charged to. The tick: true if the
 * thread's own slice is over; a client's that is over ends when it is answered. */
struct thread *sched_charge(struct thread *thread);
bool sched_tick(struct thread *thread);

/* Should the running thread give way? To an equal one only when its time is up. */
bool sched_should_yield(const struct thread *thread, bool time_is_up);

/* Bits of priorities that may have a ready thread: too many for a moment, never too few. */
extern uint32_t sched_ready_mask;

/* Is something ready that is more urgent? (When in doubt, yes.) */
static inline bool sched_more_urgent(uint32_t priority)
{
    return sched_ready_mask >> priority > 1;
}

/* Makes the best ready thread this hart's, on its tables; NULL: none is ready. */
struct thread *sched_pick(void);

/* This hart has nothing to do: it leaves every user's tables. */
void sched_idle(void);

/* At the end of each trap, when this hart has taken its pick: leaves the lock, and tells a hart
 * that idles, or runs something less urgent than what is ready. */
void sched_leave_and_tell(void);
static inline void sched_leave(void)
{
    if (sched_ready_mask != 0 && nharts > 1)
        sched_leave_and_tell();
    else
        lock_release(&kernel_lock);
}
