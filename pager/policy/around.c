/* Copy-on-write with a window: stores that run upward settle the pages ahead of them too.
 *
 * The idea is fault-around and read-ahead, for stores. A window begins at nothing; while a
 * process's next fault comes right behind the last window, which then was useful, it doubles, up to
 * 31 pages; any other fault closes it. Wins where a process stores to an area in order: one fault
 * for 32 pages. Costs as much as cow where stores are scattered, but for a copy or so at the end of
 * each run; a run that ends in the middle of a window copies up to 31 pages for nothing. */
#include "../policy.h"

enum { SLOTS = POLICY_STATE_NBYTES / 24, WINDOW = 31 };

/* For each of the processes that faulted last: what its next fault may show. */
struct slot {
    uint64_t process, last, window; /* its number, address of its last fault, pages after that */
};

_Static_assert(sizeof(struct slot[SLOTS]) <= POLICY_STATE_NBYTES, "the state that policies get");

static uint32_t around(const struct policy_view *view)
{
    struct slot *slot = (struct slot *)view->state + view->process % SLOTS;
    uint64_t end = slot->last + (slot->window + 1) * PAGE_SIZE;
    bool follows =
        slot->process == view->process && view->address > slot->last && view->address <= end;
    uint64_t window = follows ? slot->window * 2 + 1 : 0;
    *slot = (struct slot){view->process, view->address, window < WINDOW ? window : WINDOW};
    return POLICY_WINDOW(0, slot->window);
}

const struct policy policy_around = {
    .name = "around", .lazy_fork = true, .upgrades = true, .around = around};
